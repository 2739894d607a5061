// What event loops are built with, and what all loops of a process share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "loop/stall_meter.h"
#include "os/disk_io.h"

namespace aws {

struct LoopOptions {
  // Open connections, all loops together. Further clients wait in the kernel's accept queue.
  std::size_t max_connections = std::numeric_limits<std::size_t>::max();
  std::int64_t grace_us = 0;                // how long a graceful stop may take
  std::optional<DiskLimits> disk{};         // nullopt: the loops read no files
  std::optional<StallWatch> stall_watch{};  // nullopt: iterations are not measured
};

// How far a stop has got. It never goes back.
enum class Stop : int {
  No,
  Gracefully,  // no new connections; sessions finish what has begun, within the grace period
  AtOnce,
};

// Outlives the loops. Any thread may use the atomics.
struct LoopSharedState {
  explicit LoopSharedState(const LoopOptions& chosen) : options(chosen) {}

  const LoopOptions options;
  std::atomic<std::size_t> connections = 0;  // open, all loops together
  std::atomic<std::uint64_t> last_id = 0;    // of a session
  std::atomic<Stop> stop = Stop::No;
};

}  // namespace aws
