// LoopContext: what one event loop lends to all its connections. It outlives them.
#pragma once

#include <cstdint>
#include <span>

#include "http/http_date.h"
#include "os/aio.h"
#include "os/helper_threads.h"
#include "os/page_cache.h"
#include "os/sys.h"
#include "serve/file_cache.h"
#include "serve/resources.h"
#include "server/exchange.h"

namespace aws {

class AccessLog;
class StallMeter;
class Tracer;

// What a loop counted. Its own thread writes; others may read once the loop has ended.
struct Counters {
  std::uint64_t connections = 0;    // accepted
  std::uint64_t answers = 0;        // requests that got one, errors included
  std::uint64_t time_outs = 0;      // connections closed for want of patience
  std::uint64_t peer_failures = 0;  // answers cut by the client
  std::uint64_t file_failures = 0;  // answers cut since the file shrank or could not be read
  std::uint64_t openings = 0;       // answers made by a helper: their paths were not cached
};

struct LoopContext {
  Sys& sys;
  AioContext& aio;
  PageCache& page_cache;
  HelperThreads& helpers;
  FileCache& file_cache;
  const Resources& resources;
  std::span<char> scratch;          // where received bytes land first, shared by all connections
  AccessLog* access_log = nullptr;  // nullptr: no log
  Tracer* tracer = nullptr;         // nullptr: no trace
  StallMeter* stalls = nullptr;     // nullptr: nobody wants to know what a request is about
  bool keep_alive = true;           // the operator's choice

  Moment now{};  // read once a batch
  DateCache date{};
  ExchangePool exchanges{};
  bool stopping = false;  // answer what came, then close
  Counters counters{};
};

}  // namespace aws
