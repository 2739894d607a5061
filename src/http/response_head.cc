#include "http/response_head.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <iterator>

#include "http/http_date.h"
#include "http/status.h"

namespace aws {

std::string write_head(const ResponseHead& head, std::string_view date, Persistence persistence) {
  std::string text;
  text.reserve(384);
  const auto out = std::back_inserter(text);
  fmt::format_to(out, FMT_COMPILE("HTTP/1.1 {} {}\r\nServer: aws\r\nDate: {}\r\n"), head.status,
                 reason_phrase(head.status), date);
  if (head.content_length) {
    fmt::format_to(out, FMT_COMPILE("Content-Length: {}\r\n"), *head.content_length);
  }
  if (!head.content_type.empty()) {
    fmt::format_to(out, FMT_COMPILE("Content-Type: {}\r\n"), head.content_type);
  }
  if (head.last_modified) {
    fmt::format_to(out, FMT_COMPILE("Last-Modified: {}\r\n"),
                   format_http_date(*head.last_modified));
  }
  if (!head.location.empty()) {
    fmt::format_to(out, FMT_COMPILE("Location: {}\r\n"), head.location);
  }
  if (head.allow) text += "Allow: GET, HEAD, OPTIONS\r\n";
  switch (persistence) {
    case Persistence::Implied:
      break;
    case Persistence::KeepAlive:
      text += "Connection: keep-alive\r\n";
      break;
    case Persistence::Close:
      text += "Connection: close\r\n";
      break;
  }
  text += "\r\n";
  return text;
}

}  // namespace aws
