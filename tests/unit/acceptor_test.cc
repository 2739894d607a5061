// An Acceptor whose iterations the test makes by hand, on real listening sockets.
#include "loop/acceptor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "loop/event_loop.h"
#include "os/listener.h"
#include "running_loop.h"
#include "temp_folder.h"
#include "test_protocol.h"

namespace aws {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The kernel, whose accept the test can replace, call by call.
class AcceptingSys final : public Sys {
 public:
  int accept(int listener, sockaddr_storage& peer) noexcept override {
    ++accepts;
    if (results.empty()) return Sys::accept(listener, peer);
    const int result = results.front();
    results.pop_front();
    return result;
  }
  void defer_accept(int /*listener*/, bool on) noexcept override { deferred.push_back(on); }

  int accepts = 0;
  std::deque<int> results;  // of the next calls; afterwards the kernel's
  std::vector<bool> deferred;
};

class AcceptorTest : public testing::Test {
 protected:
  ~AcceptorTest() override {
    shared_->stop = Stop::AtOnce;
    loop_->wake();
    loop_->run();  // ends all sessions
  }

  // Listens, with room for so many connections.
  Acceptor& listen(std::size_t max_connections = 100) {
    shared_ = std::make_unique<LoopSharedState>(LoopOptions{.max_connections = max_connections});
    loop_ = std::make_unique<EventLoop>(*shared_, sys_);
    loop_->now.monotonic_us = kStart_us;
    Listeners listeners = open_listeners({.addresses = {"127.0.0.1"}}, 1);
    port_ = listeners.port;
    listener_fd_ = listeners.per_loop[0][0].get();
    auto protocol = std::make_unique<TestProtocol>([this](Arrival arrival) {
      auto session = std::make_unique<ScriptedSession>(
          *loop_, std::move(arrival.socket), arrival.id, [](ScriptedSession&, Event event) {
            return event == Event::PeerGone ? Want::Close : Want::Read;
          });
      sessions_.push_back(session.get());
      return session;
    });
    protocol_ = protocol.get();
    return acceptor_.emplace(*loop_, poller_, std::move(listeners.per_loop[0]),
                             std::move(protocol));
  }

  [[nodiscard]] TestClient connect() const { return TestClient::of_port(port_); }

  // An iteration, after `us` of time. Returns how many sources epoll reported.
  std::size_t iterate(std::int64_t us = 0) {
    loop_->now.monotonic_us += us;
    const auto events = poller_.wait(0);
    for (const epoll_event& event : events)
      Poller::dispatch(event);
    acceptor_->on_tick();
    return events.size();
  }
  // The peer of the i-th session is gone.
  void end_session(std::size_t i) { sessions_[i]->on_events({EPOLLHUP}); }

  [[nodiscard]] std::int64_t now_us() const { return loop_->now.monotonic_us; }
  [[nodiscard]] std::size_t connections() const { return shared_->connections; }

  static constexpr std::int64_t kStart_us = 5'000'000'000;

  AcceptingSys sys_;
  std::unique_ptr<LoopSharedState> shared_;
  std::unique_ptr<EventLoop> loop_;
  Poller poller_;
  std::uint16_t port_ = 0;
  int listener_fd_ = -1;
  TestProtocol* protocol_ = nullptr;
  std::optional<Acceptor> acceptor_;
  std::vector<ScriptedSession*> sessions_;
};

TEST_F(AcceptorTest, MakesASessionOfEachConnection) {
  listen();
  const TestClient one = connect();
  const TestClient two = connect();
  EXPECT_EQ(iterate(), 1U);
  ASSERT_EQ(sessions_.size(), 2U);
  EXPECT_NE(sessions_[0]->id(), sessions_[1]->id());
  EXPECT_EQ(connections(), 2U);
  EXPECT_EQ(sys_.accepts, 3) << "the third finds nothing";
  EXPECT_EQ(iterate(), 0U);
}

TEST_F(AcceptorTest, AcceptsABoundedNumberInAnIteration) {
  listen();
  std::vector<TestClient> clients;
  for (int i = 0; i < 70; ++i)
    clients.push_back(connect());
  iterate();
  EXPECT_EQ(sessions_.size(), 64U);
  iterate();
  EXPECT_EQ(sessions_.size(), 70U);
}

// ---- No room

TEST_F(AcceptorTest, PausesWhileThereAreTooManyConnections) {
  const Acceptor& acceptor = listen(2);
  std::vector<TestClient> clients;
  for (int i = 0; i < 4; ++i)
    clients.push_back(connect());
  iterate();
  EXPECT_EQ(sessions_.size(), 2U);
  EXPECT_EQ(connections(), 2U);
  EXPECT_EQ(iterate(), 0U) << "the listening socket would be ready again and again";
  EXPECT_EQ(acceptor.next_tick_us(), now_us() + Acceptor::kPauseUs);

  end_session(0);
  EXPECT_EQ(iterate(), 0U) << "with the end of this one it is watched again";
  EXPECT_EQ(iterate(), 1U);
  EXPECT_EQ(sessions_.size(), 3U);
  EXPECT_EQ(connections(), 2U);
}

TEST_F(AcceptorTest, GoesOnAfterAWhileSinceAConnectionOfAnotherLoopMayHaveClosed) {
  const Acceptor& acceptor = listen(1);
  shared_->connections = 1;  // another loop's
  const TestClient client = connect();
  iterate();
  EXPECT_THAT(sessions_, IsEmpty());
  EXPECT_EQ(acceptor.next_tick_us(), now_us() + Acceptor::kPauseUs);

  iterate(Acceptor::kPauseUs);
  EXPECT_EQ(iterate(), 1U) << "it tries";
  EXPECT_THAT(sessions_, IsEmpty());
  EXPECT_EQ(iterate(), 0U) << "in vain";
  EXPECT_EQ(acceptor.next_tick_us(), now_us() + Acceptor::kPauseUs);

  shared_->connections = 0;
  iterate(Acceptor::kPauseUs - 1);
  EXPECT_EQ(iterate(), 0U) << "not yet";
  iterate(1);
  iterate();
  EXPECT_EQ(sessions_.size(), 1U);
  EXPECT_EQ(acceptor.next_tick_us(), now_us() + Acceptor::kPauseUs) << "there is no more room";
}

TEST_F(AcceptorTest, ClosesWhatTheProtocolCanSpareWhenDescriptorsRunOut) {
  const Acceptor& acceptor = listen();
  protocol_->held_descriptors = 3;
  sys_.results = {-EMFILE, -ENFILE};
  const TestClient client = connect();
  iterate();
  EXPECT_EQ(sessions_.size(), 1U) << "in the same iteration";
  EXPECT_EQ(protocol_->held_descriptors, 1);
  EXPECT_EQ(acceptor.next_tick_us(), Timeouts::kNever) << "it does not pause";
  EXPECT_EQ(connections(), 1U);
}

TEST_F(AcceptorTest, PausesWhenTheProtocolHasNoDescriptorToSpare) {
  const Acceptor& acceptor = listen();
  protocol_->held_descriptors = 1;
  sys_.results = {-EMFILE, -EMFILE};
  const TestClient client = connect();
  iterate();
  EXPECT_THAT(sessions_, IsEmpty());
  EXPECT_EQ(connections(), 0U);
  EXPECT_EQ(iterate(), 0U);
  EXPECT_EQ(acceptor.next_tick_us(), now_us() + Acceptor::kPauseUs);
  iterate(Acceptor::kPauseUs);
  iterate();
  EXPECT_EQ(sessions_.size(), 1U);
}

TEST_F(AcceptorTest, DoesNotPauseWhenAClientHasLeftBeforeItWasAccepted) {
  const Acceptor& acceptor = listen();
  const TestClient client = connect();
  sys_.results = {-ECONNABORTED};
  iterate();
  EXPECT_EQ(acceptor.next_tick_us(), Timeouts::kNever);
  EXPECT_EQ(connections(), 0U);
  iterate();
  EXPECT_EQ(sessions_.size(), 1U) << "the next client";
}

// ---- What epoll refuses (epoll_ctl(2): it watches no regular files)

TEST_F(AcceptorTest, PausesWhenEpollHasNoRoomForAConnection) {
  const Acceptor& acceptor = listen();
  const TempFolder folder;
  const int fd = ::open(folder.write("file", "x").c_str(), O_RDONLY | O_CLOEXEC);
  sys_.results = {fd};
  const TestClient client = connect();
  iterate();
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1) << "the connection is closed";
  EXPECT_EQ(connections(), 0U);
  EXPECT_EQ(sys_.accepts, 1);
  EXPECT_EQ(acceptor.next_tick_us(), now_us() + Acceptor::kPauseUs);
  sessions_.clear();
  iterate(Acceptor::kPauseUs);
  iterate();
  EXPECT_EQ(sessions_.size(), 1U);
}

TEST_F(AcceptorTest, CannotBeBuiltWhenEpollRefusesItsSocket) {
  listen();
  const TempFolder folder;
  std::vector<UniqueFd> sockets;
  sockets.push_back(open_file(folder.write("file", "x")));
  auto protocol = std::make_unique<TestProtocol>([](Arrival) { return nullptr; });
  EXPECT_THROW(Acceptor(*loop_, poller_, std::move(sockets), std::move(protocol)),
               std::system_error);
}

// Its socket would never be accepted from otherwise.
TEST_F(AcceptorTest, TriesAgainLaterWhenEpollRefusesToWatchItsSocketAgain) {
  const Acceptor& acceptor = listen(0);
  const TestClient client = connect();
  iterate();
  Listeners others = open_listeners({.addresses = {"127.0.0.1"}}, 1);
  ASSERT_EQ(::dup2(others.per_loop[0][0].get(), listener_fd_), listener_fd_);  // epoll forgets it
  for (int i = 0; i < 3; ++i) {
    iterate(Acceptor::kPauseUs);
    EXPECT_EQ(acceptor.next_tick_us(), now_us() + Acceptor::kPauseUs);
  }
}

// ---- Deferring

class BusyAcceptorTest : public AcceptorTest {
 protected:
  // So many connections end as soon as they are accepted.
  void arrive(int clients) {
    for (int i = 0; i < clients; ++i) {
      int ends[2] = {-1, -1};
      ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
      ::close(ends[1]);
      sys_.results = {ends[0], -EAGAIN};
      iterate();
      end_session(sessions_.size() - 1);
    }
  }
};

TEST_F(BusyAcceptorTest, DefersAcceptingWhileVeryManyArrive) {
  const Acceptor& acceptor = listen();
  protocol_->sends_first = true;
  const TestClient client = connect();  // so that the socket is ready
  arrive(DeferAcceptPolicy::kThreshold - 1);
  EXPECT_THAT(sys_.deferred, IsEmpty());
  arrive(1);
  EXPECT_THAT(sys_.deferred, ElementsAre(true));
  EXPECT_EQ(acceptor.next_tick_us(), kStart_us + DeferAcceptPolicy::kWindowUs);
  sys_.results = {-EAGAIN, -EAGAIN};
  iterate(DeferAcceptPolicy::kWindowUs);
  EXPECT_THAT(sys_.deferred, ElementsAre(true)) << "so many came within the window";
  iterate(DeferAcceptPolicy::kWindowUs);
  EXPECT_THAT(sys_.deferred, ElementsAre(true, false));
  EXPECT_EQ(acceptor.next_tick_us(), Timeouts::kNever);
}

// Clients that wait for the server's greeting would never be accepted.
TEST_F(BusyAcceptorTest, NeverDefersClientsThatDoNotSendFirst) {
  const Acceptor& acceptor = listen();
  const TestClient client = connect();
  arrive(DeferAcceptPolicy::kThreshold);
  EXPECT_THAT(sys_.deferred, IsEmpty());
  EXPECT_EQ(acceptor.next_tick_us(), Timeouts::kNever) << "with a time that is past it would spin";
}

// ---- The protocol's ticks, the end

TEST_F(AcceptorTest, TicksItsProtocolInEachIterationAndWhenItSays) {
  const Acceptor& acceptor = listen();
  EXPECT_EQ(acceptor.next_tick_us(), Timeouts::kNever);
  protocol_->next_tick = kStart_us + 77;
  EXPECT_EQ(acceptor.next_tick_us(), kStart_us + 77);
  iterate();
  iterate();
  EXPECT_EQ(protocol_->ticks, 2);
}

TEST_F(AcceptorTest, AcceptsAllWhoWaitBeforeItStops) {
  Acceptor& acceptor = listen();
  std::vector<TestClient> clients;
  for (int i = 0; i < 70; ++i)
    clients.push_back(connect());
  acceptor.stop();
  EXPECT_EQ(sessions_.size(), 70U) << "more than in an iteration";
  EXPECT_EQ(::fcntl(listener_fd_, F_GETFD), -1);
  EXPECT_EQ(iterate(), 0U);
  EXPECT_EQ(acceptor.next_tick_us(), Timeouts::kNever);
}

TEST_F(AcceptorTest, StopsThoughThereIsNoRoom) {
  Acceptor& acceptor = listen(0);
  const TestClient client = connect();
  iterate();
  acceptor.stop();
  EXPECT_EQ(::fcntl(listener_fd_, F_GETFD), -1);
  EXPECT_EQ(acceptor.next_tick_us(), Timeouts::kNever);
  iterate(Acceptor::kPauseUs);
  EXPECT_TRUE(client.sees_end());
}

}  // namespace
}  // namespace aws
