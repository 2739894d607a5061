// parse_target(): the input is a request target. What it decodes to stays beneath the root, and
// means the same once it is encoded again.
#include "http/target.h"

#include "fuzz.h"

namespace aws {
namespace {

void require_beneath_root(std::string_view path) {
  require(path.find('\0') == std::string_view::npos, "a path holds no NUL");
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    require(!segment.empty(), "no segment is empty");
    require(segment != "." && segment != "..", "no segment is a dot segment");
    require(segment.size() + 1 != path.size(), "no slash stands at the end");
    path.remove_prefix(segment.size() < path.size() ? segment.size() + 1 : segment.size());
  }
}

}  // namespace
}  // namespace aws

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = aws::FuzzInput(data, size).rest();
  std::string made;
  const auto target = aws::parse_target(text, made);
  if (!target) return 0;
  aws::require_beneath_root(target->path);
  aws::require(target->has_query || target->query.empty(), "a query is one that is there");
  aws::require(target->has_query == (text.find('?') != std::string_view::npos),
               "a query begins with a question mark");
  const std::string encoded = aws::encode_path(target->path);
  std::string made_again;
  const auto again = aws::parse_target(encoded, made_again);
  aws::require(again && again->path == target->path && !again->has_query,
               "an encoded path means the path");
  return 0;
}
