// One event loop on real sockets, whose kernel the test counts and fails.
#include "server/server.h"

#include <arpa/inet.h>
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
#include <thread>
#include <vector>

#include "os/listener.h"
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
    (on ? rush_began : rush_ended).set_value();
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
  int failing_accept = 0;        // the how manieth; set before the loop runs
  std::vector<bool> deferred;    // what the kernel said after each change
  std::promise<void> rush_began;
  std::promise<void> rush_ended;
};

class ServerTest : public testing::Test {
 protected:
  ~ServerTest() override { stop(); }

  // Listens; nobody is served before run(). Connections that come meanwhile wait in the kernel.
  void listen(StallWatch watch = {}) {
    const ServerLimits limits{.max_connections = max_connections_,
                              .header_timeout_us = kLong,
                              .idle_timeout_us = kLong,
                              .send_timeout_us = kLong,
                              .grace_us = kLong,
                              .aio_blocks = 4,
                              .sentinels = 4,
                              .helper_threads = 1,
                              .helper_queue = 4,
                              .file_cache = 10};
    shared_.reset(new SharedState{limits, watch, TestSite::resources()});
    Listeners listeners = open_listeners({.addresses = {"127.0.0.1"}}, 1);
    port_ = listeners.port;
    server_.emplace(*shared_, std::move(listeners.per_loop[0]), sys_);
  }

  void run() {
    loop_ = std::thread([this] { server_->run(); });
  }

  void stop() {
    if (!loop_.joinable()) return;
    shared_->stop = Stop::Gracefully;
    server_->wake();
    loop_.join();
  }

  [[nodiscard]] UniqueFd connect() const {
    UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return client;
  }

  static void ask(const UniqueFd& client) {
    const std::string request = "GET /static/a.txt HTTP/1.1\r\nHost: h\r\n\r\n";
    EXPECT_EQ(::send(client.get(), request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
  }

  // The answer that ask() is due.
  static std::string answer(const UniqueFd& client) {
    std::string bytes;
    while (!bytes.ends_with("\r\n\r\nstatic a")) {
      char buffer[4096];
      const ssize_t size = ::recv(client.get(), buffer, sizeof(buffer), 0);
      if (size <= 0) break;
      bytes.append(buffer, static_cast<std::size_t>(size));
    }
    return bytes;
  }

  static constexpr std::int64_t kLong = 600'000'000;

  WatchedSys sys_;
  std::size_t max_connections_ = 100;
  std::unique_ptr<SharedState> shared_;
  std::uint16_t port_ = 0;
  std::optional<Server> server_;
  std::thread loop_;
};

TEST_F(ServerTest, ReadsTheClockTwiceATurnHoweverManyItServes) {
  listen();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(connect());
    ask(clients.back());
  }
  run();
  for (const UniqueFd& client : clients)
    EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
  stop();
  EXPECT_GE(server_->stalls().longest.visits, 1U);
  EXPECT_EQ(server_->stalls().turns.count(), static_cast<std::uint64_t>(sys_.turns));
  EXPECT_EQ(sys_.other_readings, sys_.turns);
}

TEST_F(ServerTest, ReadsTheClockForEachVisitWhereStallsAreToldApart) {
  listen({.times_calls = true});
  const UniqueFd client = connect();
  ask(client);
  run();
  EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
  stop();
  EXPECT_GT(sys_.other_readings, sys_.turns);
}

// Files that are open for who may ask for them again are descriptors, too.
TEST_F(ServerTest, AcceptsAgainAtOnceWhenItCouldGiveUpFiles) {
  listen();
  const UniqueFd first = connect();
  ask(first);
  sys_.failing_accept = 3;  // the second says that nobody else is there
  run();
  EXPECT_THAT(answer(first), StartsWith("HTTP/1.1 200 "));
  const UniqueFd second = connect();
  ask(second);
  EXPECT_THAT(answer(second), StartsWith("HTTP/1.1 200 "));
  stop();
  ASSERT_GT(sys_.accepted_in.size(), 3U);
  EXPECT_EQ(sys_.accepted_in[2], sys_.accepted_in[3]) << "in the same turn";
}

TEST_F(ServerTest, PausesWhereItHasNothingToGiveUp) {
  listen();
  const UniqueFd client = connect();
  ask(client);
  sys_.failing_accept = 1;
  run();
  EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
  stop();
  ASSERT_GT(sys_.accepted_in.size(), 1U);
  EXPECT_LT(sys_.accepted_in[0], sys_.accepted_in[1]) << "in another turn";
}

// Who waited in the kernel is served, and told that nothing more will be.
TEST_F(ServerTest, TellsWhoIsLetInByAStopThatItsAnswerIsTheLast) {
  listen();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 80; ++i) {  // more than are let in a turn
    clients.push_back(connect());
    ask(clients.back());
  }
  shared_->stop = Stop::Gracefully;
  run();
  std::size_t told = 0;
  for (const UniqueFd& client : clients) {
    const std::string bytes = answer(client);
    EXPECT_THAT(bytes, StartsWith("HTTP/1.1 200 "));
    told += static_cast<std::size_t>(bytes.find("\r\nConnection: close\r\n") != bytes.npos);
  }
  EXPECT_EQ(told, 16U);
}

// It begins with many, and ends by itself, though nobody comes any more.
TEST_F(ServerTest, HasTheKernelKeepClientsBackWhileMoreThanEnoughCome) {
  max_connections_ = Rush::kFrom;
  listen();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < Rush::kFrom - 1; ++i)
    clients.push_back(connect());
  run();
  ask(clients.back());
  EXPECT_THAT(answer(clients.back()), StartsWith("HTTP/1.1 200 "));
  clients.push_back(connect());
  sys_.rush_began.get_future().wait();
  sys_.rush_ended.get_future().wait();
  stop();
  EXPECT_THAT(sys_.deferred, ElementsAre(true, false));
}

TEST_F(ServerTest, LetsInAtOnceWhoeverComesAlone) {
  listen();
  const UniqueFd client = connect();
  ask(client);
  run();
  EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
  stop();
  EXPECT_THAT(sys_.deferred, IsEmpty());
}

TEST_F(ServerTest, LeavesNothing) {
  listen();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 300; ++i) {  // three times as many as it has room for
    clients.push_back(connect());
    ask(clients.back());
  }
  run();
  for (UniqueFd& client : clients) {
    EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
    client.reset();
  }
  stop();
  EXPECT_EQ(server_->counters().connections, 300U);
  EXPECT_EQ(shared_->connections, 0U);
  EXPECT_EQ(server_->leftovers().connections, 0U);
}

}  // namespace
}  // namespace aws
