// HttpContext: what the HTTP connections of one event loop share. It outlives them.
#pragma once

#include <cstdint>
#include <span>

#include "http/http_date.h"
#include "loop/loop_context.h"
#include "loop/timeouts.h"
#include "serve/file_cache.h"
#include "serve/resources.h"
#include "server/exchange.h"

namespace aws {

class AccessLog;
class Tracer;

// What the connections of one loop counted. The loop's thread writes; others may read once the loop
// has ended.
struct HttpCounters {
  std::uint64_t answers = 0;        // requests that got one, errors included
  std::uint64_t timeouts = 0;       // connections closed since their client took too long
  std::uint64_t peer_failures = 0;  // answers cut by the client
  std::uint64_t file_failures = 0;  // answers cut since the file shrank or could not be read
  std::uint64_t openings = 0;       // answers prepared by a thread: their paths were not cached
};

// What a connection can wait for. Each has its limit.
struct HttpTimeouts {
  TimeoutKind greeting{};  // accepted, no byte has come
  TimeoutKind idle{};      // between requests of a persistent connection
  TimeoutKind request{};   // since the first byte of a request
  TimeoutKind answer{};    // since the client last took a byte
  TimeoutKind disk = kNoTimeout;
  TimeoutKind linger{};  // since the end of the answer, for the client to close
};

struct HttpContext {
  static constexpr std::size_t kScratchSize = 16 * 1024;  // bytes that one recv(2) takes

  LoopContext& loop;
  FileCache& file_cache;
  const Resources& resources;
  HttpTimeouts timeouts{};
  AccessLog* access_log = nullptr;  // nullptr: no log
  Tracer* tracer = nullptr;         // nullptr: no trace
  bool keep_alive = true;           // the operator's choice

  DateCache date{};
  ExchangePool exchanges{};
  HttpCounters counters{};

  [[nodiscard]] std::span<char> scratch() const { return loop.scratch.first(kScratchSize); }
};

}  // namespace aws
