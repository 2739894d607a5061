#include "os/timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace aws {

Timer::Timer() : fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  if (!fd_) throw std::system_error(errno, std::generic_category(), "timerfd_create");
}

void Timer::fire_by(std::int64_t at_us) noexcept {
  if (at_us >= at_us_) return;
  at_us_ = at_us;
  const std::int64_t positive_us = std::max<std::int64_t>(at_us, 1);  // 0 would stop the timer
  itimerspec when{};
  when.it_value.tv_sec = positive_us / 1'000'000;
  when.it_value.tv_nsec = positive_us % 1'000'000 * 1'000;
  ::timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void Timer::acknowledge() noexcept {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t size = ::read(fd_.get(), &ignored, sizeof(ignored));
  at_us_ = kNotSet;
}

}  // namespace aws
