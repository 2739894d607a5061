// HTTP on one event loop and real sockets. The test counts calls to the kernel and fails some.
#include "server/http_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loop/defer_accept_policy.h"
#include "loop/event_loop.h"
#include "os/listener.h"
#include "running_loop.h"
#include "test_site.h"

namespace aws {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class WatchedSys final : public Sys {
 public:
  int accept(int listener, sockaddr_storage& peer) noexcept override {
    accepted_in.push_back(turns);
    const int call = static_cast<int>(accepted_in.size());
    return call == failing_accept ? -EMFILE : Sys::accept(listener, peer);
  }
  Moment now() noexcept override {
    ++turns;  // each begins with it
    return {Sys::monotonic_us(), kMuchLater, 0};
  }
  void defer_accept(int listener, bool on) noexcept override {
    Sys::defer_accept(listener, on);
    deferred.push_back(deferred_by_kernel(listener));
    (on ? deferring_began : deferring_ended).set_value();
  }
  static bool deferred_by_kernel(int listener) {
    int seconds = -1;
    socklen_t size = sizeof(seconds);
    EXPECT_EQ(::getsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, &size), 0);
    return seconds > 0;
  }
  std::int64_t monotonic_us() noexcept override {
    ++other_readings;
    return Sys::monotonic_us();
  }

  // Files that have just changed would be another reason to look at the clock.
  static constexpr std::int64_t kMuchLater = 4'000'000'000;

  // The loop's thread writes these, and the test's reads them when that has ended.
  int turns = 0;
  int other_readings = 0;
  std::vector<int> accepted_in;  // the turn of each accept
  int failing_accept = 0;        // the number of the accept that fails; set before the loop runs
  std::vector<bool> deferred;    // what the kernel said after each change
  std::promise<void> deferring_began;
  std::promise<void> deferring_ended;
};

class HttpProtocolTest : public testing::Test {
 protected:
  ~HttpProtocolTest() override { stop(); }

  // Listens. Connections that come before run() wait in the kernel.
  void listen(StallWatch watch = {}) {
    const LoopOptions options{
        .max_connections = max_connections_,
        .grace_us = kLong,
        .disk = DiskLimits{.aio_blocks = 4, .sentinels = 4, .helper_threads = 1, .helper_queue = 4},
        .stall_watch = watch};
    running_.emplace(options, sys_);
    Listeners listeners = open_listeners({.addresses = {"127.0.0.1"}}, 1);
    port_ = listeners.port;
    const HttpSite site{.resources = TestSite::resources(),
                        .limits = {.header_timeout_us = kLong,
                                   .idle_timeout_us = kLong,
                                   .send_timeout_us = kLong,
                                   .file_cache = 10}};
    EventLoop& loop = running_->loop;
    loop.serve(std::move(listeners.per_loop[0]), std::make_unique<HttpProtocol>(loop, site));
  }

  void run() { running_->run(); }
  void stop() {
    if (running_) running_->stop();
  }
  [[nodiscard]] const EventLoop& loop() const { return running_->loop; }

  [[nodiscard]] TestClient connect() const { return TestClient::of_port(port_); }
  static void ask(const TestClient& client) {
    client.send("GET /static/a.txt HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  // The answer to ask().
  static std::string answer(const TestClient& client) {
    std::string bytes;
    while (!bytes.ends_with("\r\n\r\nstatic a")) {
      const std::string byte = client.receive(1);
      if (byte.empty()) break;
      bytes += byte;
    }
    return bytes;
  }

  static constexpr std::int64_t kLong = 600'000'000;

  WatchedSys sys_;
  std::size_t max_connections_ = 100;
  std::optional<RunningLoop> running_;
  std::uint16_t port_ = 0;
};

TEST_F(HttpProtocolTest, ReadsTheClockTwiceATurnHoweverManyItServes) {
  listen();
  std::vector<TestClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(connect());
    ask(clients.back());
  }
  run();
  for (const TestClient& client : clients)
    EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
  stop();
  EXPECT_GE(loop().stall_figures().longest.visits, 1U);
  EXPECT_EQ(loop().stall_figures().turns.count(), static_cast<std::uint64_t>(sys_.turns));
  EXPECT_EQ(sys_.other_readings, sys_.turns);
}

TEST_F(HttpProtocolTest, ReadsTheClockForEachVisitWhereStallsAreToldApart) {
  listen({.times_calls = true});
  const TestClient client = connect();
  ask(client);
  run();
  EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
  stop();
  EXPECT_GT(sys_.other_readings, sys_.turns);
}

// Files that are kept open for later requests are descriptors, too.
TEST_F(HttpProtocolTest, AcceptsAgainAtOnceWhenItCouldCloseCachedFiles) {
  listen();
  const TestClient first = connect();
  ask(first);
  sys_.failing_accept = 3;  // the second says that nobody else is there
  run();
  EXPECT_THAT(answer(first), StartsWith("HTTP/1.1 200 "));
  const TestClient second = connect();
  ask(second);
  EXPECT_THAT(answer(second), StartsWith("HTTP/1.1 200 "));
  stop();
  ASSERT_GT(sys_.accepted_in.size(), 3U);
  EXPECT_EQ(sys_.accepted_in[2], sys_.accepted_in[3]) << "in the same turn";
}

TEST_F(HttpProtocolTest, PausesWhereItHasNoFileToClose) {
  listen();
  const TestClient client = connect();
  ask(client);
  sys_.failing_accept = 1;
  run();
  EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
  stop();
  ASSERT_GT(sys_.accepted_in.size(), 1U);
  EXPECT_LT(sys_.accepted_in[0], sys_.accepted_in[1]) << "in another turn";
}

// Clients that wait in the kernel's queue are served, and told that nothing more will be.
TEST_F(HttpProtocolTest, TellsClientsThatAreAcceptedByAStopThatTheirAnswerIsTheLast) {
  listen();
  std::vector<TestClient> clients;
  for (int i = 0; i < 80; ++i) {  // more than are let in a turn
    clients.push_back(connect());
    ask(clients.back());
  }
  running_->shared.stop = Stop::Gracefully;
  run();
  std::size_t told = 0;
  for (const TestClient& client : clients) {
    const std::string bytes = answer(client);
    EXPECT_THAT(bytes, StartsWith("HTTP/1.1 200 "));
    told += static_cast<std::size_t>(bytes.find("\r\nConnection: close\r\n") != bytes.npos);
  }
  EXPECT_EQ(told, 80U);
}

// It begins with many, and ends by itself, though no more come.
TEST_F(HttpProtocolTest, DefersAcceptingWhileVeryManyClientsArrive) {
  max_connections_ = DeferAcceptPolicy::kThreshold;
  listen();
  std::vector<TestClient> clients;
  for (int i = 0; i < DeferAcceptPolicy::kThreshold - 1; ++i)
    clients.push_back(connect());
  run();
  ask(clients.back());
  EXPECT_THAT(answer(clients.back()), StartsWith("HTTP/1.1 200 "));
  clients.push_back(connect());
  sys_.deferring_began.get_future().wait();
  sys_.deferring_ended.get_future().wait();
  stop();
  EXPECT_THAT(sys_.deferred, ElementsAre(true, false));
}

TEST_F(HttpProtocolTest, DefersNothingWhileFewArrive) {
  listen();
  const TestClient client = connect();
  ask(client);
  run();
  EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
  stop();
  EXPECT_THAT(sys_.deferred, IsEmpty());
}

TEST_F(HttpProtocolTest, LeavesNothing) {
  listen();
  std::vector<TestClient> clients;
  for (int i = 0; i < 300; ++i) {  // three times as many as it has room for
    clients.push_back(connect());
    ask(clients.back());
  }
  run();
  for (TestClient& client : clients) {
    EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
    client.close();
  }
  stop();
  EXPECT_EQ(loop().sessions_opened(), 300U);
  EXPECT_EQ(running_->shared.connections, 0U);
  EXPECT_EQ(loop().leftovers().sessions, 0U);
}

}  // namespace
}  // namespace aws
