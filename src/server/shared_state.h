// SharedState: what all loops of a process see. It outlives them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "os/page_cache.h"
#include "server/stall_meter.h"

namespace aws {

class AccessLog;
class Resources;
class Tracer;

// How a loop treats its clients; from the command line. Times in microseconds.
struct ServerLimits {
  std::size_t max_connections = 0;  // of all loops together
  std::int64_t header_timeout_us = 0;
  std::int64_t idle_timeout_us = 0;
  std::int64_t send_timeout_us = 0;
  std::int64_t grace_us = 0;
  Engine engine = Engine::Announced;
  // Of each loop:
  std::size_t aio_blocks = 0;
  std::size_t sentinels = 0;
  std::size_t helper_threads = 0;
  std::size_t helper_queue = 0;
  std::size_t file_cache = 0;   // files, and as many folders
  std::size_t image_cache = 0;  // bytes
  bool keep_alive = true;
};

// How far a stop has got. It only ever rises.
enum class Stop : int {
  No,
  Gracefully,  // no new connections; running answers are finished, for as long as the grace lasts
  AtOnce,
};

struct SharedState {
  const ServerLimits limits;
  const StallWatch stall_watch;
  const Resources& resources;
  AccessLog* access_log = nullptr;
  Tracer* tracer = nullptr;
  std::atomic<std::size_t> connections = 0;  // open ones, all loops together
  std::atomic<std::uint64_t> last_id = 0;
  std::atomic<Stop> stop = Stop::No;
};

}  // namespace aws
