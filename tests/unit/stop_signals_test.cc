// The signals that stop a program. What a process does with them is tests/http/test_signals.py's.
#include "os/stop_signals.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace aws {
namespace {

bool is_readable(int fd) {
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) == 1;
}

auto handler_of(int signal) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler;
}

TEST(StopSignals, TellTheFirstSignalFromTheSecond) {
  const StopSignals signals;
  EXPECT_FALSE(is_readable(signals.first()));
  ::raise(SIGTERM);
  EXPECT_TRUE(is_readable(signals.first()));
  EXPECT_FALSE(is_readable(signals.second()));
  ::raise(SIGINT);
  EXPECT_TRUE(is_readable(signals.second()));
}

TEST(StopSignals, AreCaughtByAnyThread) {
  const StopSignals signals;
  std::thread([] { ::raise(SIGTERM); }).join();
  EXPECT_TRUE(is_readable(signals.first()));
}

TEST(StopSignals, ReachAllObjects) {
  const StopSignals one;
  const StopSignals other;
  ::raise(SIGTERM);
  EXPECT_TRUE(is_readable(one.first()));
  EXPECT_TRUE(is_readable(other.first()));
}

TEST(StopSignals, DoWhatTheyDidBeforeWhenTheLastObjectIsGone) {
  ::signal(SIGINT, SIG_IGN);
  {
    auto one = std::make_unique<StopSignals>();
    const StopSignals other;
    one.reset();
    EXPECT_NE(handler_of(SIGINT), SIG_IGN);
    EXPECT_NE(handler_of(SIGTERM), SIG_DFL);
  }
  EXPECT_EQ(handler_of(SIGINT), SIG_IGN);
  EXPECT_EQ(handler_of(SIGTERM), SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
}

TEST(StopSignals, AreLeftAloneIfTheParentIgnoresAHangup) {
  ::signal(SIGHUP, SIG_IGN);
  {
    const StopSignals signals;
    ::raise(SIGHUP);
    EXPECT_FALSE(is_readable(signals.first()));
  }
  ::signal(SIGHUP, SIG_DFL);
}

TEST(StopSignals, HaveALimitOfObjects) {
  std::vector<std::unique_ptr<StopSignals>> all;
  for (std::size_t i = 0; i < StopSignals::kMostObjects; ++i)
    all.push_back(std::make_unique<StopSignals>());
  EXPECT_THROW(StopSignals(), std::length_error);
}

}  // namespace
}  // namespace aws
