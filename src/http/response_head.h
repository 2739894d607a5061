// ResponseHead: the status line and fields of an answer, as values; write_head() makes bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aws {

struct ResponseHead {
  int status = 200;

  // About the content. An empty text means: no such field.
  std::string content_type;
  std::optional<std::uint64_t> content_length;  // bytes; absent for 204 and 304, or if unknown
  bool chunked = false;                         // its length is not known (RFC 9112 section 7.1)
  std::string_view content_encoding;            // a literal: "br", "zstd", "gzip"
  std::string content_range;                    // "bytes 0-9/100", "bytes */100"

  // About the file it came from.
  std::string etag;                           // quoted, with W/ where it is weak
  std::optional<std::int64_t> last_modified;  // seconds since the epoch
  bool accept_ranges = false;
  bool vary_encoding = false;  // another Accept-Encoding may get another answer

  // About what to do next.
  std::string location;
  bool allow = false;              // the methods that work: for 405 and OPTIONS
  std::string_view cache_control;  // outlives the head: the operator's

  // Whole lines, each with its CRLF.
  std::string more_fields;
  std::string_view common_fields;  // of every answer; outlive the head: the operator's, CORS

  // If not empty: what write_fields() made of an equal head before; outlives this one.
  std::string_view made_fields;

  // Whether a client can tell where the content ends without the connection ending.
  [[nodiscard]] bool is_framed() const { return content_length.has_value() || chunked; }
};

// What Connection says (RFC 9112 section 9.3).
enum class Persistence : std::uint8_t {
  Implied,    // HTTP/1.1 keeps the connection without being told
  KeepAlive,  // said to an HTTP/1.0 client that asked for it
  Close,
  kCount,
};

[[nodiscard]] constexpr Persistence persistence_of(bool keep_alive, bool http_1_0) {
  if (!keep_alive) return Persistence::Close;
  return http_1_0 ? Persistence::KeepAlive : Persistence::Implied;
}

// All fields but Server, Date and Connection, as bytes.
[[nodiscard]] std::string write_fields(const ResponseHead& head);

// Puts the head as bytes, its empty line included, into `text`, whatever it held. `date` is the
// Date field's value.
void write_head(const ResponseHead& head, std::string_view date, Persistence persistence,
                std::string& text);

}  // namespace aws
