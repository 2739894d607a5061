// How an event loop stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event_loop_fixture.h"
#include "loop/event_loop.h"

namespace aws {
namespace {

using testing::ElementsAre;

class StoppingLoopTest : public EventLoopTest {
 protected:
  // Serves echo sessions of an idle kind.
  TestProtocol& serve_idle_echo() {
    idle_ = loop().timeouts().add_kind(Timeouts::kNever);
    TestProtocol& protocol = serve([this](Arrival arrival) {
      auto session = std::make_unique<EchoSession>(loop(), std::move(arrival.socket), arrival.id);
      session->idle_as(idle_);
      return session;
    });
    protocol.idle = {idle_};
    return protocol;
  }
  // A client that has been served.
  [[nodiscard]] TestClient served() const {
    TestClient client = connect();
    client.send("x");
    EXPECT_EQ(client.receive(1), "x");
    return client;
  }

  TimeoutKind idle_ = kNoTimeout;
};

TEST_F(StoppingLoopTest, EndsIdleSessionsAtOnceAndLetsOthersFinish) {
  build();
  serve_idle_echo();
  run();
  const TestClient idle = served();
  const TestClient busy = add([](ScriptedSession& self, Event event) {
    if (event == Event::PeerGone) ADD_FAILURE() << "it has not finished";
    const std::string bytes = self.receive();
    if (!bytes.empty()) std::ignore = self.send(bytes);
    return bytes == "the end" ? Want::Close : Want::Read;
  });
  running_->begin_stop();
  EXPECT_TRUE(idle.sees_end());
  busy.send("more");
  EXPECT_EQ(busy.receive(4), "more");
  busy.send("the end");
  running_->join();
  EXPECT_EQ(busy.receive(7), "the end");
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(StoppingLoopTest, GivesIdleSessionsWhatHasJustCome) {
  build();
  serve_idle_echo();
  run();
  const TestClient client = served();
  call([&] {  // before the loop looks at the sockets again
    client.send("last");
    running_->shared.stop = Stop::Gracefully;
  });
  EXPECT_EQ(client.receive(4), "last");
  EXPECT_TRUE(client.sees_end());
  running_->join();
}

// Each of them begins to wait once more when it has found nothing.
TEST_F(StoppingLoopTest, EndsSeveralIdleSessionsThatStartTheirTimeoutAgain) {
  build();
  serve_idle_echo();
  run();
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i)
    clients.push_back(served());
  running_->begin_stop();
  for (const TestClient& client : clients)
    EXPECT_TRUE(client.sees_end());
  running_->join();
}

TEST_F(StoppingLoopTest, ServesClientsThatTheKernelHasAccepted) {
  build();
  TestProtocol& protocol = serve_echo();
  std::optional<TestClient> late;
  protocol.when_stopped = [&] {
    EXPECT_TRUE(loop().stopping);
    late.emplace(connect());
    late->send("late");
  };
  run();
  running_->begin_stop();
  running_->await_iteration();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->receive(4), "late");
  late->half_close();
  running_->join();
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), -1);
  EXPECT_EQ(errno, ECONNREFUSED) << "nothing listens any more";
}

TEST_F(StoppingLoopTest, EndsAllSessionsWhenTheGracePeriodHasPassed) {
  kernel_.stop_clock();
  build({.grace_us = 10 * kSecond_us});
  run();
  const TestClient client = add([this](ScriptedSession&, Event event) {
    events_.push_back(event);
    return Want::Read;
  });
  running_->begin_stop();
  running_->await_iteration();
  kernel_.advance_clock(10 * kSecond_us - 1);
  running_->await_iteration();
  call([this] { EXPECT_THAT(events_, ElementsAre(Event::SocketReady)) << "it may go on"; });
  kernel_.advance_clock(1);
  loop().wake();
  EXPECT_TRUE(client.sees_end());
  running_->join();
  EXPECT_THAT(events_, ElementsAre(Event::SocketReady, Event::PeerGone));
}

TEST_F(StoppingLoopTest, WakesByItselfAtTheEndOfTheGracePeriod) {
  build({.grace_us = 1'000});
  run();
  const TestClient client = add([](ScriptedSession&, Event) { return Want::Read; });
  running_->begin_stop();
  EXPECT_TRUE(client.sees_end());
  running_->join();
}

TEST_F(StoppingLoopTest, EndsAllSessionsAtOnceWhenItIsTold) {
  build();
  serve_echo();
  run();
  const TestClient client = served();
  running_->begin_stop();
  running_->await_iteration();
  client.send("x");
  EXPECT_EQ(client.receive(1), "x") << "it is not idle";
  running_->begin_stop(Stop::AtOnce);
  EXPECT_TRUE(client.sees_end());
  running_->join();
  EXPECT_EQ(running_->shared.connections, 0U);
}

TEST_F(StoppingLoopTest, EndsAtOnceWithoutSessions) {
  build();
  serve_echo();
  run();
  running_->stop();
  EXPECT_EQ(loop().sessions_opened(), 0U);
}

}  // namespace
}  // namespace aws
