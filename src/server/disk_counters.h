// DiskCounters: how a loop, or all of them, got the bytes of files.
#pragma once

#include <string>

#include "os/aio.h"
#include "os/disk_io.h"
#include "os/thread_pool.h"

namespace aws {

struct DiskCounters {
  DiskIo::Counters windows;
  AioContext::Counters aio;
  ThreadPool::Counters threads;
  std::uint64_t openings = 0;

  void add(const DiskCounters& other);
};

// One line, of what is not zero: "windows 12 resident, 3 announced; …". Empty if all is.
[[nodiscard]] std::string summary(const DiskCounters& counters);

}  // namespace aws
