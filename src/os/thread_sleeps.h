// How often a thread slept: to find out whether it did so where it should not.
#pragma once

#include <cstdint>

namespace aws {

// Voluntary context switches of the calling thread so far: getrusage(2), RUSAGE_THREAD, ru_nvcsw.
// One for each time that it waited inside the kernel: for a disk, a lock, an event.
[[nodiscard]] std::int64_t thread_sleeps() noexcept;

}  // namespace aws
