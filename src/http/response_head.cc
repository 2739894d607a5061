#include "http/response_head.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <iterator>

#include "http/http_date.h"
#include "http/status.h"

namespace aws {
namespace {

// One field line, unless the value is empty.
void append_field(std::string& text, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  text.append(name).append(": ").append(value).append("\r\n");
}

void append_content_fields(std::string& text, const ResponseHead& head) {
  if (head.content_length) {
    fmt::format_to(std::back_inserter(text), FMT_COMPILE("Content-Length: {}\r\n"),
                   *head.content_length);
  }
  if (head.chunked) text += "Transfer-Encoding: chunked\r\n";
  append_field(text, "Content-Type", head.content_type);
  append_field(text, "Content-Encoding", head.content_encoding);
  append_field(text, "Content-Range", head.content_range);
}

void append_file_fields(std::string& text, const ResponseHead& head) {
  append_field(text, "ETag", head.etag);
  if (head.last_modified) {
    append_field(text, "Last-Modified", format_http_date(*head.last_modified));
  }
  if (head.accept_ranges) text += "Accept-Ranges: bytes\r\n";
  if (head.vary_encoding) text += "Vary: Accept-Encoding\r\n";
}

void append_connection(std::string& text, Persistence persistence) {
  switch (persistence) {
    case Persistence::Implied:
    case Persistence::kCount:
      break;
    case Persistence::KeepAlive:
      text += "Connection: keep-alive\r\n";
      break;
    case Persistence::Close:
      text += "Connection: close\r\n";
      break;
  }
}

void append_fields(std::string& text, const ResponseHead& head) {
  append_content_fields(text, head);
  append_file_fields(text, head);
  append_field(text, "Location", head.location);
  if (head.allow) text += "Allow: GET, HEAD, OPTIONS\r\n";
  append_field(text, "Cache-Control", head.cache_control);
  text.append(head.more_fields).append(head.common_fields);
}

}  // namespace

std::string write_fields(const ResponseHead& head) {
  std::string text;
  append_fields(text, head);
  return text;
}

void write_head(const ResponseHead& head, std::string_view date, Persistence persistence,
                std::string& text) {
  text.clear();
  text.reserve(512);
  fmt::format_to(std::back_inserter(text),
                 FMT_COMPILE("HTTP/1.1 {} {}\r\nServer: aws\r\nDate: {}\r\n"), head.status,
                 reason_phrase(head.status), date);
  if (head.made_fields.empty()) {
    append_fields(text, head);
  } else {
    text += head.made_fields;
  }
  append_connection(text, persistence);
  text += "\r\n";
}

}  // namespace aws
