// RLIMIT_NOFILE: how many descriptors the process may have open.
#pragma once

#include <cstddef>

namespace aws {

// Raises the soft limit to the hard one (setrlimit(2)) and returns what it is then.
std::size_t raise_descriptor_limit() noexcept;

// Throws std::system_error (EMFILE) if fewer than `count` descriptors are free.
void check_free_descriptors(std::size_t count);

}  // namespace aws
