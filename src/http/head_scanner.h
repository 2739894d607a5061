// HeadScanner: frames a request's head (RFC 9112 sections 2 to 5) and enforces its limits.
//
// It decides where the request line and the head end, and refuses at once, before the head is
// complete, what can never become a valid one. It does not interpret fields: llhttp does.
#pragma once

#include <cstddef>
#include <string_view>

namespace aws {

class HeadScanner {
 public:
  static constexpr std::size_t kTargetLimit = 8 * 1024;   // longer: 414
  static constexpr std::size_t kFieldsLimit = 32 * 1024;  // all field lines together: 431
  static constexpr std::size_t kFieldCountLimit = 100;    // 431
  static constexpr std::size_t kMethodLimit = 32;         // longer: 400, no method is
  static constexpr std::size_t kLeadingLimit = 16;        // bytes of empty lines before: 400

  // Scans on from where the last call stopped; `received` begins with the same bytes again.
  // Returns 0 while the head is incomplete, 200 when complete() is true, else the status that
  // refuses it.
  [[nodiscard]] int scan(std::string_view received);

  [[nodiscard]] bool complete() const { return complete_; }

  // Of a complete request line, offsets into `received`: [line_begin, line_end) without CRLF.
  [[nodiscard]] std::size_t line_begin() const { return line_begin_; }
  [[nodiscard]] std::size_t line_end() const { return line_end_; }
  [[nodiscard]] std::size_t method_end() const { return method_end_; }
  // The version is the line's last eight bytes: HTTP/d.d
  [[nodiscard]] std::size_t target_end() const { return line_end_ - kVersionSize - 1; }
  [[nodiscard]] bool has_line() const { return line_end_ > 0; }

  // Of a complete head: the offset just behind its empty line.
  [[nodiscard]] std::size_t head_end() const { return scanned_; }

  // Whether anything but empty lines has come.
  [[nodiscard]] bool started(std::string_view received) const {
    return received.size() > line_begin_;
  }

 private:
  static constexpr std::size_t kVersionSize = sizeof("HTTP/1.1") - 1;
  static constexpr std::size_t kLineEnd = sizeof("\r\n") - 1;

  int check_partial_line(std::string_view part) const;
  int check_request_line(std::string_view line);
  int check_field_line(std::string_view line);

  std::size_t line_begin_ = 0;
  std::size_t line_end_ = 0;
  std::size_t method_end_ = 0;
  std::size_t scanned_ = 0;   // start of the first line not yet checked
  std::size_t searched_ = 0;  // no line feed in [scanned_, searched_)
  std::size_t field_count_ = 0;
  bool complete_ = false;
};

// RFC 9110 section 5.6.2: whether `text` is a token (not empty).
[[nodiscard]] bool is_token(std::string_view text);

}  // namespace aws
