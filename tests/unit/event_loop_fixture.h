// EventLoopTest: an event loop on a thread of its own, and the sessions of a test.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/listener.h"
#include "running_loop.h"
#include "test_protocol.h"

namespace aws {

constexpr std::int64_t kSecond_us = 1'000'000;
constexpr std::int64_t kLong_us = 3600 * kSecond_us;

class EventLoopTest : public testing::Test {
 protected:
  EventLoop& build(const LoopOptions& options = {.grace_us = kLong_us}) {
    return running_.emplace(options, kernel_).loop;
  }
  [[nodiscard]] EventLoop& loop() { return running_->loop; }
  void run() { running_->run(); }
  void call(const std::function<void()>& work) { running_->call(work); }

  // Serves the connections to a port by sessions that `maker` makes.
  TestProtocol& serve(TestProtocol::Maker maker) {
    Listeners listeners = open_listeners({.addresses = {"127.0.0.1"}}, 1);
    port_ = listeners.port;
    auto protocol = std::make_unique<TestProtocol>(std::move(maker));
    TestProtocol& served = *protocol;
    loop().serve(std::move(listeners.per_loop[0]), std::move(protocol));
    return served;
  }
  TestProtocol& serve_echo() {
    return serve([this](Arrival arrival) {
      return std::make_unique<EchoSession>(loop(), std::move(arrival.socket), arrival.id);
    });
  }
  [[nodiscard]] TestClient connect() const { return TestClient::of_port(port_); }

  // Adds a session to the running loop. Returns the far end of its socket. A script outlives its
  // test: it may refer to the fixture only.
  TestClient add(ScriptedSession::Script script) {
    auto [socket, client] = RunningLoop::pair();
    call([&] { loop().add(scripted(std::move(socket), std::move(script))); });
    return std::move(client);
  }
  std::unique_ptr<ScriptedSession> scripted(UniqueFd socket, ScriptedSession::Script script) {
    auto session = std::make_unique<ScriptedSession>(loop(), std::move(socket), loop().next_id(),
                                                     std::move(script));
    session->on_destruction = [this] { ++destroyed_; };
    return session;
  }

  // Puts another socket in the place of `fd`: epoll(7) forgets a file that is closed.
  static void make_epoll_forget(int fd) {
    const auto other = RunningLoop::pair();
    EXPECT_EQ(::dup2(other.first.get(), fd), fd);
  }

  // How many iterations there are from one call to the next: one, unless the loop does not sleep.
  int iterations_between_calls() {
    int first = 0;
    int second = 0;
    running_->await_iteration();
    call([&] { first = kernel_.iterations; });
    call([&] { second = kernel_.iterations; });
    return second - first;
  }

  // What scripts note on the loop's thread; to be read by call(), or when the loop has ended.
  std::vector<Event> events_;
  std::string received_;
  std::size_t sent_ = 0;
  std::promise<Event> told_;
  std::promise<void> done_;
  std::atomic<int> destroyed_ = 0;  // sessions of scripted()

  LoopKernel kernel_;
  std::uint16_t port_ = 0;
  std::optional<RunningLoop> running_;  // ends first: until then, scripts may be called
};

}  // namespace aws
