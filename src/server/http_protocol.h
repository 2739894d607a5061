// HttpProtocol: HTTP on one event loop: makes the connections, and owns what they share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "loop/event_loop.h"
#include "loop/protocol.h"
#include "serve/file_cache.h"
#include "server/http_context.h"

namespace aws {

// How HTTP treats its clients; from the command line. Times in microseconds.
struct HttpLimits {
  std::int64_t header_timeout_us = 0;
  std::int64_t idle_timeout_us = 0;
  std::int64_t send_timeout_us = 0;
  std::size_t file_cache = 0;   // files of each loop, and as many directories
  std::size_t image_cache = 0;  // bytes, of each loop
  bool keep_alive = true;
};

// What all loops of the process share.
struct HttpSite {
  const Resources& resources;
  HttpLimits limits;
  AccessLog* access_log = nullptr;  // nullptr: no log
  Tracer* tracer = nullptr;         // nullptr: no trace
};

class HttpProtocol final : public Protocol {
 public:
  // All that `site` refers to must outlive it. `loop` has a DiskIo.
  HttpProtocol(EventLoop& loop, const HttpSite& site);

  [[nodiscard]] std::unique_ptr<Session> make_session(Arrival arrival) override;
  [[nodiscard]] bool clients_send_first() const override { return true; }
  [[nodiscard]] std::span<const TimeoutKind> idle_kinds() const override { return idle_kinds_; }
  bool release_descriptors() override;
  void on_tick() override { file_cache_.expire(loop_.now.monotonic_us); }
  [[nodiscard]] std::int64_t next_tick_us() const override {
    return file_cache_.empty() ? Timeouts::kNever : file_cache_.next_expiry_us();
  }
  void on_stop() override;

  // Once the loop has ended.
  [[nodiscard]] const HttpCounters& counters() const { return context_.counters; }

 private:
  static constexpr std::int64_t kLingerUs = 5'000'000;
  static constexpr std::int64_t kLingerAtStopUs = 500'000;

  EventLoop& loop_;
  FileCache file_cache_;
  HttpContext context_;
  std::array<TimeoutKind, 2> idle_kinds_{};
};

}  // namespace aws
