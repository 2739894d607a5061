// eventfd(2), as loops tell each other by it: a counter that is readable as long as it is not 0.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace aws {

// Makes the eventfd readable. Any thread may call it, and a signal handler too. EAGAIN says that
// the counter is full, so that it is readable anyway.
inline void announce(int event_fd) noexcept {
  const std::uint64_t one = 1;
  while (::write(event_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

}  // namespace aws
