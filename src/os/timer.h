// Timer: a timerfd (timerfd_create(2)) that becomes readable when something is due.
//
// It is made for deadlines that move back all the time: it is only ever set to an earlier time, and
// set again when it has fired too early. A timeout of epoll_wait(2) would have the kernel start and
// cancel a timer each time that the caller sleeps. One thread.
#pragma once

#include <cstdint>
#include <limits>

#include "os/unique_fd.h"

namespace aws {

class Timer {
 public:
  // Throws std::system_error if there is no descriptor.
  Timer();

  // Readable after it has fired, until acknowledge().
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Fires at `at_us` (Moment::monotonic_us), or earlier if it is set to an earlier time already.
  void fire_by(std::int64_t at_us) noexcept;

  // The time that it is set to (Moment::monotonic_us); the largest value if it is not set.
  [[nodiscard]] std::int64_t at_us() const { return at_us_; }

  // It has fired: it is not set any more.
  void acknowledge() noexcept;

 private:
  static constexpr std::int64_t kNotSet = std::numeric_limits<std::int64_t>::max();

  UniqueFd fd_;
  std::int64_t at_us_ = kNotSet;
};

}  // namespace aws
