// Acceptor: accepts connections at listening sockets, as long as there is room for them, and makes
// sessions of them.
//
// A listening socket that is not accepted from would wake a level-triggered loop again and again.
// So while descriptors or connections are exhausted, the acceptor does not watch its sockets. It
// watches them again when a connection of this loop has closed, or after kPauseUs, since one may
// have closed in another loop.
//
// The loop's thread alone calls it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "loop/defer_accept_policy.h"
#include "loop/protocol.h"
#include "loop/timeouts.h"
#include "os/poller.h"
#include "os/unique_fd.h"

namespace aws {

class EventLoop;

class Acceptor {
 public:
  static constexpr std::int64_t kPauseUs = 100'000;  // before it tries again without room

  // Has `poller` watch `sockets`, which listen. Throws std::system_error if epoll refuses. `loop`
  // and `poller` must outlive it.
  Acceptor(EventLoop& loop, Poller& poller, std::vector<UniqueFd> sockets,
           std::unique_ptr<Protocol> protocol);

  [[nodiscard]] Protocol& protocol() { return *protocol_; }
  [[nodiscard]] const Protocol& protocol() const { return *protocol_; }

  // Called once in each iteration of the loop, and at the latest at next_tick_us().
  void on_tick();
  [[nodiscard]] std::int64_t next_tick_us() const {
    const std::int64_t policy_us =
        defer_policy_.is_on() ? defer_policy_.next_update_us() : Timeouts::kNever;
    return std::min({retry_us_, policy_us, protocol_->next_tick_us()});
  }

  // Accepts all clients that wait in the kernel's accept queues, and closes the listening sockets.
  void stop();

 private:
  static constexpr int kAcceptsPerIteration = 64;  // at one socket; then other events are handled

  struct Listener final : EventSource {
    Listener(Acceptor& whose, UniqueFd listening) : acceptor(whose), socket(std::move(listening)) {}
    void on_events(Readiness /*readiness*/) noexcept override {
      acceptor.accept_from(*this, kAcceptsPerIteration);
    }

    Acceptor& acceptor;
    UniqueFd socket;  // none after stop()
    Interest interest = Interest::Read;
  };

  void accept_from(const Listener& listener, int most);
  [[nodiscard]] bool accept_one(const Listener& listener);
  void report_no_room(int error);
  void pause();
  void watch_listeners();
  void update_defer_policy();

  EventLoop& loop_;
  Poller& poller_;
  std::unique_ptr<Protocol> protocol_;
  std::deque<Listener> listeners_;  // never moved: the poller knows their addresses
  bool paused_ = false;
  bool reported_no_room_ = false;             // once in each episode
  std::uint64_t closed_at_pause_ = 0;         // EventLoop::sessions_closed() when it paused
  std::int64_t retry_us_ = Timeouts::kNever;  // when to watch the listeners again
  DeferAcceptPolicy defer_policy_;
  bool deferring_ = false;
};

}  // namespace aws
