// DiskCounters: how a loop, or all of them, came by what it served.
#pragma once

#include <string>

#include "os/aio.h"
#include "os/helper_threads.h"
#include "os/page_cache.h"

namespace aws {

struct DiskCounters {
  PageCache::Counters windows;
  AioContext::Counters aio;
  HelperThreads::Counters helpers;
  std::uint64_t openings = 0;

  void add(const DiskCounters& other);
};

// One line, of what is not zero: "windows 12 resident, 3 announced; …". Empty if all is.
[[nodiscard]] std::string summary(const DiskCounters& counters);

}  // namespace aws
