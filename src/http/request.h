// Request: what a request's head says, as views into the bytes it came in.
//
// It lives no longer than those bytes and their parser: it is passed down and never kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aws {

enum class Method : std::uint8_t { Get, Head, Options, Other };

// The fields this server acts on or logs; all others are checked for form and skipped.
enum class Field : std::uint8_t {
  Host,
  Expect,
  Referer,
  UserAgent,
  Accept,
  AcceptEncoding,
  IfMatch,
  IfNoneMatch,
  IfModifiedSince,
  IfUnmodifiedSince,
  IfRange,
  Range,
  Origin,
  AccessControlRequestMethod,
  AccessControlRequestHeaders,
  kCount
};

struct Request {
  Method method = Method::Other;
  std::string_view method_name;  // as sent; empty if the request line was not understood
  std::string_view target;       // as sent: still percent-encoded, with its query
  std::string_view version;      // "HTTP/1.1"; empty if the request line was not understood
  // A field that is present has a value with data(), though it may be empty; one that is absent
  // has none. See find() and operator[].
  std::array<std::string_view, static_cast<std::size_t>(Field::kCount)> fields{};

  // The value, without surrounding white space; empty if the field is absent. A list that came in
  // several lines is one list here (RFC 9110 section 5.3). A field that may come only once, and
  // came again, is empty, which its grammar never allows: whoever reads it sees it malformed.
  [[nodiscard]] std::string_view operator[](Field field) const {
    return fields[static_cast<std::size_t>(field)];
  }

  // The same, where to be absent and to be empty are not the same: nullopt if it is absent.
  [[nodiscard]] std::optional<std::string_view> find(Field field) const {
    const std::string_view value = (*this)[field];
    return value.data() == nullptr ? std::nullopt : std::optional(value);
  }

  // 200 while nothing is wrong; otherwise the status (4xx, 5xx) that the answer must have, for a
  // reason that lies in the message itself.
  int refusal = 200;
  // Whether the connection may carry another request after this one (RFC 9112 section 9.3).
  bool keep_alive = false;
  // Whether the client has said that none will follow, and has sent all of this one.
  bool is_last = false;
  // A client that speaks HTTP/1.0 must be told if the connection is kept.
  bool http_1_0 = false;
};

}  // namespace aws
