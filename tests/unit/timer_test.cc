#include "os/timer.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "os/sys.h"

namespace aws {
namespace {

constexpr std::int64_t kFarUs = 3'600'000'000;

bool has_fired(const Timer& timer, int within_ms) {
  pollfd watched{.fd = timer.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, within_ms) == 1;
}

TEST(Timer, FiresWhenItsTimeHasCome) {
  Sys sys;
  Timer timer;
  const std::int64_t at_us = sys.monotonic_us() + 2'000;
  timer.fire_by(at_us);
  EXPECT_TRUE(has_fired(timer, -1));
  EXPECT_GE(sys.monotonic_us(), at_us);
}

TEST(Timer, FiresAtOnceIfItsTimeHasPassed) {
  Timer timer;
  timer.fire_by(0);
  EXPECT_TRUE(has_fired(timer, -1));
}

TEST(Timer, IsNeverSetToALaterTime) {
  Sys sys;
  Timer timer;
  timer.fire_by(sys.monotonic_us() + 1'000);
  timer.fire_by(sys.monotonic_us() + kFarUs);
  EXPECT_TRUE(has_fired(timer, -1));
}

TEST(Timer, IsSetToAnEarlierTime) {
  Sys sys;
  Timer timer;
  timer.fire_by(sys.monotonic_us() + kFarUs);
  timer.fire_by(sys.monotonic_us());
  EXPECT_TRUE(has_fired(timer, -1));
}

TEST(Timer, CanBeSetAgainOnceItHasFired) {
  Sys sys;
  Timer timer;
  timer.fire_by(1);
  EXPECT_TRUE(has_fired(timer, -1));
  timer.acknowledge();
  EXPECT_FALSE(has_fired(timer, 0));
  timer.fire_by(sys.monotonic_us() + 1'000);
  EXPECT_TRUE(has_fired(timer, -1));
}

}  // namespace
}  // namespace aws
