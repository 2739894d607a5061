// RLIMIT_NOFILE: how many descriptors the process may have open.
#pragma once

#include <cstddef>

namespace aws {

// Raises the soft limit to the hard one (setrlimit(2)) and returns what it is then.
std::size_t raise_descriptor_limit() noexcept;

}  // namespace aws
