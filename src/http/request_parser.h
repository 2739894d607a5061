// RequestParser: bytes → Request.
//
// Two readers take turns. HeadScanner frames the head line by line and refuses what llhttp lets
// pass (it is lenient in places, CVE-2023-30589 among them) or limits that llhttp has not. llhttp
// then reads the whole head at once, and the body, if there is one, as it comes: nobody asked for
// a body, so it is only measured and dropped.
//
// Knows no sockets and keeps no pointer into what it was fed, only offsets; a list that comes in
// several field lines is the one thing it copies. One thread.
#pragma once

#include <llhttp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/head_scanner.h"
#include "http/request.h"

namespace aws {

class RequestParser {
 public:
  static constexpr std::size_t kBodyLimit = 64 * 1024;  // a longer body is not waited for

  enum class Outcome {
    Incomplete,  // more bytes are needed
    Complete,    // request() holds the request; refusal is 200 or a status
  };

  // `received` is everything received and not yet answered, from this request's first byte on:
  // what an earlier call saw stands before what is new, save the body's bytes (see kept()).
  [[nodiscard]] Outcome feed(std::string_view received);

  // The input ended. Refuses what was begun and can no longer be completed (400).
  void end_of_input();

  // The client took too long over its request (408).
  void time_out();

  // After Incomplete: how many bytes of `received` must stand there again next time. The rest was
  // body, and may be dropped.
  [[nodiscard]] std::size_t kept() const { return kept_; }

  // After Complete: how many bytes of `received` were this request's.
  [[nodiscard]] std::size_t consumed() const { return consumed_; }

  // Whether any byte of a request has come.
  [[nodiscard]] bool started() const { return started_; }

  // After Complete: the request, as views into `received`, which must be what feed() last saw, and
  // into this parser, until it is reset.
  [[nodiscard]] Request request(std::string_view received) const;

  // Ready for the next request.
  void reset();

 private:
  // Within a head; an offset of 0, where no value can stand, says that there is none.
  struct Span {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  // The value of a list that came in several lines.
  struct JoinedList {
    std::size_t field;
    std::string value;
  };
  static constexpr auto kFieldCount = static_cast<std::size_t>(Field::kCount);
  static constexpr std::size_t kNoField = kFieldCount;

  static const llhttp_settings_t& settings();
  static RequestParser& self(llhttp_t* parser) {
    return *static_cast<RequestParser*>(parser->data);
  }

  Outcome refuse(int status);
  Outcome finish(std::size_t consumed);
  Outcome parse_head(std::string_view received);
  Outcome parse_body(std::string_view received);
  void execute_head(std::string_view head);
  [[nodiscard]] int status_of_head(std::string_view method) const;
  [[nodiscard]] bool ends_in_crlf(std::string_view body) const;
  [[nodiscard]] bool begins_line(const char* at) const;
  void begin_field(std::string_view name);
  void end_field();
  [[nodiscard]] Span span_of(std::string_view part) const;
  void add_line(std::string_view value);
  void join_line(std::string_view value);
  void read_connection(std::string_view value);

  HeadScanner scanner_;
  llhttp_t llhttp_{};
  llhttp_errno_t error_ = HPE_OK;
  const char* base_ = nullptr;  // of the bytes in llhttp's hands, during a call only

  std::array<Span, kFieldCount> fields_{};
  std::vector<JoinedList> joined_;  // empty, but for unusual requests
  Span value_;
  std::size_t field_ = kNoField;  // whose value is coming
  bool in_connection_ = false;    // … or it is Connection's
  bool in_coding_ = false;        // … or Transfer-Encoding's
  std::uint8_t hosts_ = 0;
  bool close_ = false;    // Connection: close
  bool persist_ = false;  // Connection: keep-alive
  bool has_body_ = false;
  std::uint8_t codings_ = 0;   // Transfer-Encoding fields
  bool only_chunked_ = false;  // Transfer-Encoding is the one coding we know
  char body_end_ = 0;          // the last byte of the body so far
  bool message_complete_ = false;
  bool started_ = false;
  bool in_body_ = false;

  std::size_t kept_ = 0;
  std::size_t consumed_ = 0;
  std::size_t body_bytes_ = 0;
  int refusal_ = 200;
  bool keep_alive_ = false;
  bool is_last_ = false;
};

}  // namespace aws
