// A session that hands its socket over to another one (Want::HandOver).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "event_loop_fixture.h"
#include "loop/event_loop.h"
#include "temp_folder.h"

namespace aws {
namespace {

using testing::ElementsAre;

class HandOverTest : public EventLoopTest {};

TEST_F(HandOverTest, HappensInAConnectionsFirstIteration) {
  build();
  serve([this](Arrival arrival) {
    return scripted(std::move(arrival.socket), [](ScriptedSession& self, Event event) {
      EXPECT_EQ(event, Event::SocketReady);
      return self.hand_over_to_echo("welcome " + self.receive());
    });
  });
  run();
  const TestClient client = connect();
  EXPECT_EQ(client.receive(8), "welcome ");
  client.send("and more");
  EXPECT_EQ(client.receive(8), "and more");
  call([this] {
    EXPECT_EQ(destroyed_, 1) << "the first session";
    EXPECT_EQ(running_->shared.connections, 1U);
  });
  client.half_close();
  EXPECT_TRUE(client.sees_end());
  running_->stop();
  EXPECT_EQ(loop().sessions_opened(), 1U) << "it is one connection";
  EXPECT_EQ(running_->shared.connections, 0U);
}

TEST_F(HandOverTest, HappensLaterWithTheBytesThatCameEarly) {
  build();
  serve([this](Arrival arrival) {
    return scripted(std::move(arrival.socket), [this](ScriptedSession& self, Event event) {
      events_.push_back(event);
      if (events_.size() == 1) return Want::Read;
      const std::string bytes = self.receive();
      EXPECT_EQ(self.send("ok "), 3);
      return self.hand_over_to_echo(bytes.substr(bytes.find(' ') + 1));
    });
  });
  run();
  const TestClient client = connect();
  client.send("upgrade early");
  EXPECT_EQ(client.receive(8), "ok early");
  client.send("later");
  EXPECT_EQ(client.receive(5), "later");
  call([this] {
    EXPECT_THAT(events_, ElementsAre(Event::SocketReady, Event::SocketReady))
        << "the first session is not called again";
    EXPECT_EQ(running_->shared.connections, 1U);
    EXPECT_EQ(destroyed_, 1);
  });
  client.half_close();
  EXPECT_TRUE(client.sees_end());
  running_->stop();
  EXPECT_EQ(loop().sessions_opened(), 1U);
  EXPECT_EQ(running_->shared.connections, 0U);
}

// The socket is watched for other things than the successor wants first.
TEST_F(HandOverTest, ChangesWhatTheSocketIsWatchedFor) {
  build();
  run();
  const TestClient client = add([this](ScriptedSession& self, Event /*event*/) {
    if (self.receive() == "now") return self.hand_over_to_echo("");
    while (self.send("x") > 0)
      ++sent_;
    return Want::ReadOrWrite;
  });
  client.send("now");
  running_->await_iteration();
  std::size_t filled = 0;
  call([&] { filled = sent_; });
  EXPECT_EQ(client.receive(filled).size(), filled);
  EXPECT_EQ(iterations_between_calls(), 1) << "a writable socket would not let the loop sleep";
  client.send("echo");
  EXPECT_EQ(client.receive(4), "echo");
}

TEST_F(HandOverTest, MayHappenAgain) {
  build();
  run();
  const TestClient client = add([this](ScriptedSession& self, Event /*event*/) {
    if (self.receive().empty()) return Want::Read;
    self.next = scripted(self.take_socket(), [](ScriptedSession& second, Event /*event*/) {
      const std::string bytes = second.receive();
      return bytes.empty() ? Want::Read : second.hand_over_to_echo(bytes);
    });
    return Want::HandOver;
  });
  client.send("1");
  running_->await_iteration();
  client.send("2");
  EXPECT_EQ(client.receive(1), "2");
  client.send("3");
  EXPECT_EQ(client.receive(1), "3");
  call([this] { EXPECT_EQ(destroyed_, 2); });
}

// The successor keeps the place of its predecessor, no more and no less.
TEST_F(HandOverTest, KeepsTheNumberOfConnections) {
  for (const bool at_once : {true, false}) {
    SCOPED_TRACE(at_once);
    build({.max_connections = 1, .grace_us = kLong_us});
    serve([this, at_once](Arrival arrival) {
      return scripted(std::move(arrival.socket),
                      [wait = !at_once](ScriptedSession& self, Event /*event*/) mutable {
                        if (std::exchange(wait, false)) return Want::Read;
                        return self.hand_over_to_echo(self.receive());
                      });
    });
    run();
    TestClient first = connect();
    first.send("one");
    EXPECT_EQ(first.receive(3), "one");
    const TestClient second = connect();
    second.send("two");
    running_->await_iteration();
    call([&] {
      EXPECT_EQ(loop().sessions_opened(), 1U) << "there is no room for the second";
      EXPECT_EQ(running_->shared.connections, 1U);
    });
    first.close();
    EXPECT_EQ(second.receive(3), "two");
    call([&] { EXPECT_EQ(running_->shared.connections, 1U); });
    running_->stop(Stop::AtOnce);
    EXPECT_EQ(loop().sessions_opened(), 2U);
    EXPECT_EQ(running_->shared.connections, 0U);
    EXPECT_EQ(loop().leftovers().sessions, 0U);
  }
}

TEST_F(HandOverTest, EndsASuccessorThatEpollDoesNotTake) {
  build();
  serve([this](Arrival arrival) {
    return scripted(std::move(arrival.socket),
                    [this, wait = true](ScriptedSession& self, Event /*event*/) mutable {
                      if (std::exchange(wait, false)) return Want::Read;
                      make_epoll_forget(self.socket());
                      self.next = scripted(self.take_socket(), [this](auto&, Event event) {
                        events_.push_back(event);
                        return Want::Read;
                      });
                      return Want::HandOver;
                    });
  });
  run();
  const TestClient client = connect();
  client.send("x");
  EXPECT_TRUE(client.sees_end());
  running_->stop();
  EXPECT_THAT(events_, ElementsAre(Event::PeerGone));
  EXPECT_EQ(destroyed_, 2);
  EXPECT_EQ(running_->shared.connections, 0U);
}

TEST_F(HandOverTest, TellsThatEpollDoesNotTakeASuccessorInTheFirstIteration) {
  build();
  run();
  const TempFolder folder;
  call([&] {
    auto session = scripted(open_file(folder.write("file", "x")), [](auto& self, Event /*event*/) {
      self.next = std::make_unique<ScriptedSession>(self.loop(), self.take_socket(), self.id(),
                                                    [](auto&, Event) { return Want::Read; });
      return Want::HandOver;
    });
    EXPECT_EQ(loop().add(std::move(session)), -EPERM);
  });
}

}  // namespace
}  // namespace aws
