// The CPUs this process may run on (sched_setaffinity(2)): how many, and binding a thread to one.
#pragma once

#include <cstddef>
#include <vector>

namespace aws {

// Numbers of the CPUs the calling thread may use, ascending, never empty.
[[nodiscard]] std::vector<int> usable_cpus();

// Binds the calling thread to `cpu`. Returns 0 or -errno.
[[nodiscard]] int pin_this_thread(int cpu) noexcept;

}  // namespace aws
