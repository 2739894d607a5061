#include "loop/session.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

namespace aws {
namespace {

using testing::ElementsAre;

// Notes what sessions pass on to their loop.
class NotingLoop final : public LoopContext {
 public:
  NotingLoop() : LoopContext(kernel_, memory_) { now.monotonic_us = 1'000; }

  void on_socket_ready(Session& session, Readiness readiness) noexcept override {
    sockets.emplace_back(&session, readiness.events);
  }
  void on_completion(Session& session) noexcept override { completions.push_back(&session); }

  std::vector<std::pair<Session*, std::uint32_t>> sockets;
  std::vector<Session*> completions;

 private:
  Sys kernel_;
  std::array<char, 16> memory_{};
};

class IdleSession final : public Session {
 public:
  using Session::Session;
  using Session::start_timeout;
  Want advance(Event /*event*/) override { return Want::Read; }
};

TEST(Session, OwnsItsSocket) {
  NotingLoop loop;
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  {
    const IdleSession session(loop, UniqueFd(fd), 7);
    EXPECT_EQ(session.socket(), fd);
    EXPECT_EQ(session.id(), 7U);
    EXPECT_EQ(session.subject(), "");
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(Session, PassesEventsAndCompletionsToItsLoop) {
  NotingLoop loop;
  IdleSession one(loop, UniqueFd(), 1);
  IdleSession two(loop, UniqueFd(), 2);
  constexpr std::uint32_t kEvents = EPOLLIN | EPOLLHUP;
  epoll_event event{};
  event.events = kEvents;
  event.data.ptr = static_cast<EventSource*>(&two);
  Poller::dispatch(event);
  EXPECT_THAT(loop.sockets, ElementsAre(std::pair<Session*, std::uint32_t>(&two, kEvents)));
  loop.ready.push_back(two);
  loop.ready.push_back(one);
  notify_all(loop.ready);
  EXPECT_THAT(loop.completions, ElementsAre(&two, &one));
}

TEST(Session, StartsItsTimeoutAtTheTimeOfTheIteration) {
  NotingLoop loop;
  IdleSession session(loop, UniqueFd(), 1);
  EXPECT_EQ(session.timeout_kind(), kNoTimeout);
  loop.now.monotonic_us = 5'000;
  session.start_timeout(TimeoutKind{3});
  EXPECT_EQ(session.timeout_kind(), TimeoutKind{3});
  EXPECT_EQ(session.waiting_since_us(), 5'000);
}

TEST(Session, TellsTheNamesOfEventsAndWants) {
  EXPECT_EQ(name(Event::SocketReady), "SocketReady");
  EXPECT_EQ(name(Event::DiskReady), "DiskReady");
  EXPECT_EQ(name(Event::PeerGone), "PeerGone");
  EXPECT_EQ(name(Event::Timeout), "Timeout");
  EXPECT_EQ(name(Want::Read), "Read");
  EXPECT_EQ(name(Want::Write), "Write");
  EXPECT_EQ(name(Want::ReadOrWrite), "ReadOrWrite");
  EXPECT_EQ(name(Want::Disk), "Disk");
  EXPECT_EQ(name(Want::Close), "Close");
  EXPECT_EQ(name(Want::HandOver), "HandOver");
}

}  // namespace
}  // namespace aws
