// AccessLog: one line an answer, in Combined format, then the duration in microseconds, the engine
// that served it, and what decided, where something did ("if-none-match", "1 range"):
//
//   ::1 - - [21/Nov/2026:10:00:00 +0000] "GET /static/a HTTP/1.1" 200 12 "-" "curl/7.88.1" 85
//   static
//
// Lines are handed to a thread of spdlog's, which writes them: no loop ever waits for a log, and
// when the writer cannot keep up, lines are lost rather than answers delayed (lost() counts them).
// Any thread may call write().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace aws {

struct AccessEntry {
  std::string peer;
  std::int64_t wall_s = 0;
  std::string request_line;  // empty: it was not understood
  int status = 0;
  std::uint64_t body_bytes = 0;
  std::string referer;     // empty: none
  std::string user_agent;  // empty: none
  std::int64_t duration_us = 0;
  std::string engine;
  std::string decision;  // empty: nothing
};

// The line, without its end. What a client chose is escaped: quotes, backslashes and everything
// unprintable as \xHH, so that nobody can forge a line.
[[nodiscard]] std::string format_entry(const AccessEntry& entry);

class AccessLog {
 public:
  // Appends to `file`; "-" is stdout. Throws std::runtime_error, one line.
  explicit AccessLog(const std::string& file);
  ~AccessLog();  // writes what is still queued
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void write(const AccessEntry& entry);

  // Writes what is still queued. write() must not be called any more.
  void finish();

  // Lines that could not be written, or that the queue had no room for; after finish().
  [[nodiscard]] std::size_t lost() const;

 private:
  struct Writer;
  std::unique_ptr<Writer> writer_;
};

}  // namespace aws
