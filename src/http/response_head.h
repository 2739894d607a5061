// ResponseHead: the status line and fields of an answer, as values; write_head() makes bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aws {

struct ResponseHead {
  int status = 200;
  std::string content_type;                     // empty: no content, no field
  std::optional<std::uint64_t> content_length;  // bytes; absent for 204 (RFC 9110 section 8.6)
  std::optional<std::int64_t> last_modified;    // seconds since the epoch
  std::string location;                         // empty: none
  bool allow = false;                           // the methods that work: for 405 and OPTIONS
};

// What Connection says (RFC 9112 section 9.3).
enum class Persistence : std::uint8_t {
  Implied,    // HTTP/1.1 keeps the connection without being told
  KeepAlive,  // said to an HTTP/1.0 client that asked for it
  Close,
};

// The head as bytes, its empty line included. `date` is the Date field's value.
[[nodiscard]] std::string write_head(const ResponseHead& head, std::string_view date,
                                     Persistence persistence);

}  // namespace aws
