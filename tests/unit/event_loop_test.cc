// Sessions and their wants, posted work, timeouts: on real sockets.
#include "loop/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "event_loop_fixture.h"
#include "os/event_fd.h"
#include "temp_folder.h"

namespace aws {
namespace {

using testing::Each;
using testing::ElementsAre;

// ---- Sessions and their wants

TEST_F(EventLoopTest, ServesConnectionsByTheSessionsOfAProtocol) {
  build();
  serve_echo();
  run();
  TestClient one = connect();
  const TestClient two = connect();
  one.send("first");
  two.send("second");
  EXPECT_EQ(one.receive(5), "first");
  EXPECT_EQ(two.receive(6), "second");
  one.close();
  two.half_close();
  EXPECT_TRUE(two.sees_end());
  running_->stop();
  EXPECT_EQ(loop().sessions_opened(), 2U);
  EXPECT_EQ(running_->shared.connections, 0U);
  EXPECT_EQ(loop().leftovers().sessions, 0U);
}

TEST_F(EventLoopTest, GivesASessionItsFirstEventAtOnce) {
  build();
  run();
  auto [socket, client] = RunningLoop::pair();
  client.send("early");
  call([&] {
    auto session = scripted(std::move(socket), [this](ScriptedSession& self, Event event) {
      events_.push_back(event);
      received_ = self.receive();
      return Want::Close;
    });
    EXPECT_EQ(loop().add(std::move(session)), 0);
    EXPECT_EQ(received_, "early") << "without a wait for epoll";
  });
  EXPECT_TRUE(client.sees_end());
  running_->stop();
  EXPECT_THAT(events_, ElementsAre(Event::SocketReady));
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(EventLoopTest, SendsOnWheneverTheClientHasTakenSomething) {
  build();
  run();
  static const std::string all = pattern(8 * 1024 * 1024);
  const TestClient client = add([this](ScriptedSession& self, Event event) {
    events_.push_back(event);
    while (sent_ < all.size()) {
      const ssize_t size = self.send(std::string_view(all).substr(sent_));
      if (size < 0) return Want::Write;
      sent_ += static_cast<std::size_t>(size);
    }
    return Want::Close;
  });
  EXPECT_TRUE(client.receive(all.size()) == all);
  EXPECT_TRUE(client.sees_end());
  running_->stop();
  EXPECT_GT(events_.size(), 1U) << "it had to wait";
  EXPECT_THAT(events_, Each(Event::SocketReady));
}

// A session that waits to send may still be told something.
TEST_F(EventLoopTest, WakesASessionThatWaitsForEitherOfTwo) {
  build();
  run();
  const TestClient client = add([this](ScriptedSession& self, Event /*event*/) {
    const std::size_t before = sent_;
    while (self.send("x") > 0)
      ++sent_;
    if (before > 0 && sent_ > before) return Want::Close;
    received_ += self.receive();
    if (received_ == "stop") done_.set_value();
    return Want::ReadOrWrite;
  });
  std::size_t first = 0;
  call([&] { first = sent_; });
  client.send("stop");
  EXPECT_TRUE(comes(done_.get_future())) << "while it has no room";
  EXPECT_EQ(client.receive(first).size(), first);
  while (client.receive(1) == "x") {  // what it sent then, since there was room
  }
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(EventLoopTest, DeliversWhatThePeerSentBeforeItLeft) {
  build();
  run();
  TestClient client = add([this](ScriptedSession& self, Event event) {
    events_.push_back(event);
    const std::string bytes = self.receive();
    received_ += bytes;
    return events_.size() == 1 || !bytes.empty() ? Want::Read : Want::Close;
  });
  call([&] {  // both are there when the loop looks
    client.send("last words");
    client.close();
  });
  running_->await_iteration();
  running_->stop();
  EXPECT_EQ(received_, "last words");
  ASSERT_GE(events_.size(), 2U);
  EXPECT_EQ(events_[1], Event::SocketReady);
}

TEST_F(EventLoopTest, TellsASessionThatWaitsToSendThatItsPeerIsGone) {
  build();
  run();
  TestClient client = add([this](ScriptedSession& self, Event event) {
    if (event != Event::SocketReady) {
      told_.set_value(event);
      return Want::Close;
    }
    while (self.send("x") > 0) {
    }
    return Want::Write;
  });
  client.close();
  auto event = told_.get_future();
  ASSERT_TRUE(comes(event));
  EXPECT_EQ(event.get(), Event::PeerGone);
}

// The loop sleeps otherwise: nothing tells it of the others.
TEST_F(EventLoopTest, LooksByItselfWhetherAnotherLoopHasMadeRoom) {
  build({.max_connections = 1, .grace_us = kLong_us});
  serve_echo();
  running_->shared.connections = 1;
  run();
  const TestClient client = connect();
  client.send("hello");
  running_->await_iteration();
  call([this] {
    EXPECT_EQ(loop().sessions_opened(), 0U);
    running_->shared.connections = 0;
  });
  EXPECT_EQ(client.receive(5), "hello");
}

// Else every protocol would have to remember to.
TEST_F(EventLoopTest, ClosesTheSocketOfASessionThatWantsToClose) {
  build();
  run();
  const TestClient client = add([](ScriptedSession& self, Event /*event*/) {
    return self.receive().empty() ? Want::Read : Want::Close;
  });
  client.send("x");
  EXPECT_TRUE(client.sees_end());
}

// A child process or a preloaded library may hold a duplicate of a socket that is closed.
TEST_F(EventLoopTest, DeliversNothingForAClosedSocketThatSomebodyHasDuplicated) {
  build();
  run();
  UniqueFd duplicate;
  const TestClient client = add([&](ScriptedSession& self, Event event) {
    events_.push_back(event);
    if (!duplicate) duplicate.reset(::dup(self.socket()));
    return self.receive().empty() ? Want::Read : Want::Close;
  });
  client.send("end");
  running_->await_iteration();
  client.send("more");  // the duplicate is readable
  running_->await_iteration();
  running_->await_iteration();
  running_->stop();
  EXPECT_EQ(destroyed_, 1);
  EXPECT_THAT(events_, ElementsAre(Event::SocketReady, Event::SocketReady));
}

TEST_F(EventLoopTest, EndsASessionWhosePeerIsGoneWhateverItWants) {
  for (const Want want : {Want::Read, Want::Write, Want::ReadOrWrite, Want::Disk, Want::HandOver}) {
    SCOPED_TRACE(name(want));
    events_.clear();
    destroyed_ = 0;
    build();
    run();
    const TestClient client = add([this, want](ScriptedSession&, Event event) {
      events_.push_back(event);
      return event == Event::PeerGone ? want : Want::Read;
    });
    running_->stop(Stop::AtOnce);
    EXPECT_THAT(events_, ElementsAre(Event::SocketReady, Event::PeerGone));
    EXPECT_TRUE(client.sees_end());
    EXPECT_EQ(destroyed_, 1);
  }
}

// ---- What epoll refuses (epoll_ctl(2): it watches no regular files)

TEST_F(EventLoopTest, EndsASessionThatEpollDoesNotTake) {
  build();
  run();
  const TempFolder folder;
  call([&] {
    auto session = scripted(open_file(folder.write("file", "x")), [this](auto&, Event event) {
      events_.push_back(event);
      return Want::Read;
    });
    EXPECT_EQ(loop().add(std::move(session)), -EPERM);
  });
  running_->stop();
  EXPECT_THAT(events_, ElementsAre(Event::SocketReady, Event::PeerGone));
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(EventLoopTest, EndsASessionWhoseInterestEpollDoesNotChange) {
  build();
  run();
  const TestClient client = add([this](ScriptedSession& self, Event event) {
    events_.push_back(event);
    if (events_.size() == 1) return Want::Read;
    if (event == Event::SocketReady) make_epoll_forget(self.socket());
    return Want::Write;
  });
  client.send("x");
  EXPECT_TRUE(client.sees_end());
  running_->stop();
  EXPECT_THAT(events_, ElementsAre(Event::SocketReady, Event::SocketReady, Event::PeerGone));
  EXPECT_EQ(destroyed_, 1);
}

// ---- Work from elsewhere

TEST_F(EventLoopTest, CallsPostedWorkInOrderOnItsThread) {
  build();
  std::vector<int> called;
  std::vector<std::thread::id> where;
  std::promise<void> done;
  const auto post = [&](int number) {
    loop().post([&, number] {
      called.push_back(number);
      where.push_back(std::this_thread::get_id());
      if (number == 99) done.set_value();
    });
  };
  post(0);  // before it runs
  run();
  for (int number = 1; number < 100; ++number)
    post(number);
  ASSERT_TRUE(comes(done.get_future()));
  std::thread::id thread;
  call([&] { thread = std::this_thread::get_id(); });
  ASSERT_EQ(called.size(), 100U);
  for (int number = 0; number < 100; ++number)
    EXPECT_EQ(called[static_cast<std::size_t>(number)], number);
  EXPECT_THAT(where, Each(thread));
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(EventLoopTest, CallsAllThatSeveralThreadsPost) {
  build();
  run();
  constexpr int kEach = 500;
  std::vector<int> next(4, 0);
  std::vector<std::thread> posters;
  for (std::size_t poster = 0; poster < next.size(); ++poster) {
    posters.emplace_back([&, poster] {
      for (int i = 0; i < kEach; ++i) {
        loop().post([&next, poster, i] {
          EXPECT_EQ(next[poster], i) << "in the order of its thread";
          ++next[poster];
        });
      }
    });
  }
  for (std::thread& poster : posters)
    poster.join();
  running_->await_iteration();
  call([&] { EXPECT_THAT(next, Each(kEach)); });
}

TEST_F(EventLoopTest, CallsWorkThatWorkPostsInTheNextIteration) {
  build();
  run();
  int posted_in = 0;
  int called_in = 0;
  std::promise<void> done;
  call([&] {
    posted_in = kernel_.iterations;
    loop().post([&] {
      called_in = kernel_.iterations;
      done.set_value();
    });
    EXPECT_EQ(called_in, 0) << "not at once";
  });
  ASSERT_TRUE(comes(done.get_future()));
  EXPECT_EQ(called_in, posted_in + 1);
}

TEST_F(EventLoopTest, CallsASourceWhenItsDescriptorIsReadable) {
  class Counter final : public EventSource {
   public:
    explicit Counter(int fd) : fd_(fd) {}
    void on_events(Readiness readiness) noexcept override {
      EXPECT_TRUE(readiness.is(Interest::Read));
      std::uint64_t count = 0;
      EXPECT_EQ(::read(fd_, &count, sizeof(count)), static_cast<ssize_t>(sizeof(count)));
      called.set_value();
    }
    std::promise<void> called;

   private:
    int fd_;
  };
  build();
  const UniqueFd event_fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  Counter counter(event_fd.get());
  loop().watch(event_fd.get(), counter);
  EXPECT_THROW(loop().watch(event_fd.get(), counter), std::system_error) << "it is watched already";
  run();
  announce(event_fd.get());
  EXPECT_TRUE(comes(counter.called.get_future()));
  running_->stop();
}

// ---- Timeouts

TEST_F(EventLoopTest, EndsAWaitByItselfWhenATimeoutHasPassed) {
  build();
  const TimeoutKind kind = loop().timeouts().add_kind(1'000);
  run();
  const TestClient client = add([this, kind](ScriptedSession& self, Event event) {
    if (event == Event::SocketReady) {
      self.start_timeout(kind);
      return Want::Read;
    }
    told_.set_value(event);
    return Want::Close;
  });
  auto event = told_.get_future();
  ASSERT_TRUE(comes(event));
  EXPECT_EQ(event.get(), Event::Timeout);
  EXPECT_TRUE(client.sees_end());
}

TEST_F(EventLoopTest, StartsATimeoutAgainWithEachWait) {
  kernel_.stop_clock();
  build();
  const TimeoutKind kind = loop().timeouts().add_kind(10 * kSecond_us);
  run();
  const TestClient client = add([this, kind](ScriptedSession& self, Event event) {
    events_.push_back(event);
    self.start_timeout(kind);
    if (event == Event::SocketReady && !self.receive().empty()) done_.set_value();
    return event == Event::SocketReady ? Want::Read : Want::Close;
  });
  kernel_.advance_clock(9 * kSecond_us);
  client.send("x");
  ASSERT_TRUE(comes(done_.get_future()));
  kernel_.advance_clock(9 * kSecond_us);
  running_->await_iteration();
  call([this] { EXPECT_THAT(events_, ElementsAre(Event::SocketReady, Event::SocketReady)); });
  kernel_.advance_clock(1 * kSecond_us);
  running_->await_iteration();
  call([this] { EXPECT_EQ(events_.back(), Event::Timeout); });
}

// A session that does nothing about it is told again when as much time has passed once more.
TEST_F(EventLoopTest, SleepsThoughASessionIgnoresItsTimeout) {
  kernel_.stop_clock();
  build();
  const TimeoutKind kind = loop().timeouts().add_kind(10 * kSecond_us);
  run();
  const TestClient client = add([this, kind](ScriptedSession& self, Event event) {
    if (event == Event::SocketReady) self.start_timeout(kind);
    events_.push_back(event);
    return Want::Read;
  });
  for (std::size_t round = 1; round <= 3; ++round) {
    kernel_.advance_clock(10 * kSecond_us);
    EXPECT_EQ(iterations_between_calls(), 1);
    call([&] {
      EXPECT_EQ(events_.size(), 1 + round);
      EXPECT_EQ(events_.back(), Event::Timeout);
    });
  }
}

}  // namespace
}  // namespace aws
