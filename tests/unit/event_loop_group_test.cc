#include "loop/event_loop_group.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>

#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "os/listener.h"
#include "running_loop.h"
#include "test_protocol.h"

namespace aws {
namespace {

constexpr std::size_t kLoops = 3;

bool is_readable(int fd, int timeout_ms) {
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, timeout_ms) == 1;
}

class EventLoopGroupTest : public testing::Test {
 protected:
  EventLoopGroup& build(const LoopOptions& options = {.grace_us = 3'600'000'000}) {
    group_ = std::make_unique<EventLoopGroup>(options, kLoops, false);
    Listeners listeners = open_listeners({.addresses = {"127.0.0.1"}}, kLoops);
    port_ = listeners.port;
    for (std::size_t i = 0; i < kLoops; ++i) {
      EventLoop& loop = group_->loop(i);
      auto protocol = std::make_unique<TestProtocol>([&loop](Arrival arrival) {
        return std::make_unique<EchoSession>(loop, std::move(arrival.socket), arrival.id);
      });
      loop.serve(std::move(listeners.per_loop[i]), std::move(protocol));
    }
    return *group_;
  }

  [[nodiscard]] TestClient connect() const { return TestClient::of_port(port_); }

  // Waits until all loops have ended.
  void await_end() { EXPECT_TRUE(is_readable(group_->ended_fd(), kGiveUpS * 1'000)); }

  std::unique_ptr<EventLoopGroup> group_;
  std::uint16_t port_ = 0;
};

TEST_F(EventLoopGroupTest, RunsEachLoopOnAThreadOfItsOwn) {
  EventLoopGroup& group = build();
  ASSERT_EQ(group.size(), kLoops);
  group.start();
  std::set<std::thread::id> threads;
  for (std::size_t i = 0; i < kLoops; ++i) {
    call_on(group.loop(i), [&] {
      char name[16] = {};
      ::pthread_getname_np(::pthread_self(), name, sizeof(name));
      EXPECT_STREQ(name, "aws-loop");
      threads.insert(std::this_thread::get_id());
    });
  }
  EXPECT_EQ(threads.size(), kLoops);
  EXPECT_EQ(threads.count(std::this_thread::get_id()), 0U);
}

TEST_F(EventLoopGroupTest, ServesUntilItIsStoppedAndSumsUp) {
  EventLoopGroup& group = build();
  group.start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 30; ++i)
    clients.push_back(connect());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string bytes = "client " + std::to_string(i);
    clients[i].send(bytes);
    EXPECT_EQ(clients[i].receive(bytes.size()), bytes);
  }
  EXPECT_FALSE(is_readable(group.ended_fd(), 0));
  group.stop(Stop::Gracefully);
  clients.clear();
  await_end();
  group.join();
  EXPECT_EQ(group.sessions_opened(), 30U);
  EXPECT_EQ(group.leftovers().sessions, 0U);
  EXPECT_EQ(group.stall_figures().size(), kLoops);
}

TEST_F(EventLoopGroupTest, CountsConnectionsOfAllLoopsTogether) {
  EventLoopGroup& group = build({.max_connections = 4, .grace_us = 3'600'000'000});
  group.start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(connect());
    clients.back().send("x");
    EXPECT_EQ(clients.back().receive(1), "x");
  }
  const TestClient late = connect();
  late.send("y");
  for (std::size_t i = 0; i < kLoops; ++i) {
    for (int calls = 0; calls < 2; ++calls)  // the second follows a whole iteration
      call_on(group.loop(i), [] {});
  }
  EXPECT_FALSE(is_readable(late.socket(), 0)) << "there is no room";
  clients[1].close();
  EXPECT_EQ(late.receive(1), "y") << "whichever loop it waits for";
}

TEST_F(EventLoopGroupTest, NeverGoesBackToAGentlerStop) {
  EventLoopGroup& group = build();
  group.start();
  const TestClient client = connect();
  client.send("x");
  EXPECT_EQ(client.receive(1), "x");
  group.stop(Stop::AtOnce);
  group.stop(Stop::Gracefully);
  EXPECT_TRUE(client.sees_end());
  await_end();
  group.join();
}

TEST_F(EventLoopGroupTest, StopsWhatStillRunsWhenItIsDestroyed) {
  build().start();
  const TestClient client = connect();
  client.send("x");
  EXPECT_EQ(client.receive(1), "x");
  group_.reset();
  EXPECT_TRUE(client.sees_end());
}

TEST_F(EventLoopGroupTest, CanBeDestroyedBeforeItIsStarted) {
  build();
  group_.reset();
}

// A thread with a stack of that size cannot be created.
TEST_F(EventLoopGroupTest, StopsAllLoopsIfAThreadCannotBeCreated) {
  EventLoopGroup& group = build();
  pthread_attr_t usual;
  pthread_attr_t huge;
  ASSERT_EQ(::pthread_getattr_default_np(&usual), 0);
  ASSERT_EQ(::pthread_getattr_default_np(&huge), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&huge, std::size_t{1} << 46), 0);
  ASSERT_EQ(::pthread_setattr_default_np(&huge), 0);
  EXPECT_THROW(group.start(), std::system_error);
  ASSERT_EQ(::pthread_setattr_default_np(&usual), 0);
  group.start();
  await_end();  // at once: they have been stopped
  group.join();
}

}  // namespace
}  // namespace aws
