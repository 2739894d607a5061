// RequestParser: two bytes say where the stream is cut, the rest is the stream. However it is cut,
// the same request comes out.
#include "http/request_parser.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "fuzz.h"

namespace aws {
namespace {

struct Parsed {
  int refusal = 0;
  bool keep_alive = false;
  bool http_1_0 = false;
  std::string line;
  std::vector<std::optional<std::string>> fields;
  std::size_t consumed = 0;  // of a connection that goes on

  bool operator==(const Parsed&) const = default;
};

Parsed describe(const RequestParser& parser, std::string_view received, std::size_t dropped) {
  const Request request = parser.request(received);
  Parsed parsed;
  parsed.refusal = request.refusal;
  parsed.keep_alive = request.keep_alive;
  parsed.http_1_0 = request.http_1_0;
  parsed.line = std::string(request.method_name) + ' ' + std::string(request.target) + ' ' +
                std::string(request.version);
  for (const std::string_view value : request.fields) {
    parsed.fields.push_back(value.data() == nullptr ? std::nullopt
                                                    : std::optional(std::string(value)));
  }
  if (request.keep_alive) parsed.consumed = dropped + parser.consumed();
  require(request.refusal == 200 || (request.refusal >= 400 && request.refusal < 600),
          "a refusal is an error's status");
  // Whoever is refused for a reason that leaves the stream's framing in doubt is not kept.
  require(!request.keep_alive || request.refusal == 200 || request.refusal == 417,
          "no connection is kept that lost its framing");
  return parsed;
}

// nullopt while incomplete. Keeps the parser's bargain: only what is kept() stands there again.
template <typename Pieces>
std::optional<Parsed> parse(const Pieces& pieces) {
  RequestParser parser;
  std::string received;
  std::size_t dropped = 0;
  for (const std::string_view piece : pieces) {
    received += piece;
    // A copy of exactly its size, so that a read past the end is seen.
    const std::vector<char> exact(received.begin(), received.end());
    const std::string_view bytes(exact.data(), exact.size());
    if (parser.feed(bytes) == RequestParser::Outcome::Complete) {
      require(parser.consumed() <= bytes.size(), "no more is consumed than came");
      return describe(parser, bytes, dropped);
    }
    require(parser.kept() <= received.size(), "no more is kept than came");
    dropped += received.size() - parser.kept();
    received.resize(parser.kept());
  }
  return std::nullopt;
}

}  // namespace
}  // namespace aws

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  aws::FuzzInput input(data, size);
  const std::size_t at = input.number<std::uint16_t>();
  const std::string_view stream = input.rest();
  if (stream.empty()) return 0;
  const std::string_view front = stream.substr(0, at % stream.size());
  const std::string_view back = stream.substr(front.size());
  const auto whole = aws::parse(std::initializer_list<std::string_view>{stream});
  aws::require(aws::parse(std::initializer_list<std::string_view>{front, back}) == whole,
               "two pieces mean what the whole means");
  // By single bytes takes time quadratic in the stream's length.
  if (stream.size() > 512) return 0;
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < stream.size(); ++i)
    bytes.push_back(stream.substr(i, 1));
  aws::require(aws::parse(bytes) == whole, "single bytes mean what the whole means");
  return 0;
}
