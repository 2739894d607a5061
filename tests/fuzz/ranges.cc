// parse_ranges(): eight bytes are a file's length, the rest is a Range field. Whatever is asked, no
// byte of the file is named twice, and no answer is longer than the file.
#include "http/ranges.h"

#include <algorithm>
#include <limits>
#include <string>

#include "fuzz.h"
#include "http/multipart.h"

namespace aws {
namespace {

void require_disjoint(std::vector<ByteRange> list, std::uint64_t length) {
  std::sort(list.begin(), list.end(),
            [](const ByteRange& left, const ByteRange& right) { return left.first < right.first; });
  for (std::size_t i = 0; i < list.size(); ++i) {
    require(list[i].first <= list[i].last && list[i].last < length, "ranges are within the file");
    require(i == 0 || list[i].first > list[i - 1].last, "ranges do not overlap");
    require(i == 0 || list[i].first - list[i - 1].last - 1 >= Ranges::kGap, "ranges lie apart");
  }
}

std::string field_of(const std::vector<ByteRange>& list) {
  std::string field = "bytes=";
  for (const ByteRange& range : list)
    field += std::to_string(range.first) + '-' + std::to_string(range.last) + ',';
  return field;
}

void check(std::string_view field, std::uint64_t length) {
  const Ranges ranges = parse_ranges(field, length);
  require((ranges.kind == Ranges::Kind::Partial) == !ranges.list.empty(),
          "what is partial has ranges, and nothing else has");
  require(ranges.list.size() <= Ranges::kLimit, "ranges are limited");
  require_disjoint(ranges.list, length);
  if (ranges.list.empty()) return;
  require(parse_ranges(field_of(ranges.list), length).list == ranges.list,
          "ranges that are asked for again are the same");
  const auto body = Multipart("text/html", length, length).body_length(ranges.list);
  require(!body || *body < length, "no answer is longer than the file");
}

}  // namespace
}  // namespace aws

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  aws::FuzzInput input(data, size);
  const auto length = input.number<std::uint64_t>();
  const std::string field(input.rest());
  for (const std::uint64_t each : {length, length % 5000, std::uint64_t{0}}) {
    aws::check(field, each);
    aws::check("bytes=" + field, each);
  }
  return 0;
}
