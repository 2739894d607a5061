// EventLoop: epoll, and the sessions that it serves. It hands them events, turns what they want
// into epoll interest, ends those whose timeout has passed, and destroys closed ones.
//
//   run():  wait ─> dispatch ─> submit reads ─> expire timeouts ─> destroy closed ─┐
//            ^─────────────────────────────────────────────────────────────────────┘
//
// It knows no protocol: a Protocol makes the sessions. Loops share nothing except LoopSharedState.
// The thread that calls run() owns everything here; wake() and post() may be called from any
// thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "loop/acceptor.h"
#include "loop/loop_context.h"
#include "loop/loop_options.h"
#include "loop/posted_calls.h"
#include "loop/protocol.h"
#include "loop/session.h"
#include "loop/stall_meter.h"
#include "loop/timed_sys.h"
#include "loop/timeouts.h"
#include "os/disk_io.h"
#include "os/poller.h"
#include "os/sys.h"
#include "os/timer.h"

namespace aws {

class EventLoop final : public LoopContext {
 public:
  // What is left when a loop has ended; all zero if nothing leaked.
  struct Leftovers {
    std::size_t sessions = 0;
    std::size_t blocks = 0;  // of memory for reads
    std::size_t reads = 0;   // in flight
  };

  // `kernel` makes all calls, those of the helper threads too; it and `shared` outlive the loop.
  // Throws std::system_error if the kernel refuses what a loop needs.
  EventLoop(LoopSharedState& shared, Sys& kernel);
  ~EventLoop();

  // ---- Before run()

  // Accepts connections at `sockets`, which listen, and serves them by `protocol`. Throws
  // std::system_error if epoll refuses.
  void serve(std::vector<UniqueFd> sockets, std::unique_ptr<Protocol> protocol);

  // Calls `source` when `fd` is readable. Both must outlive the loop. Throws std::system_error if
  // epoll refuses.
  void watch(int fd, EventSource& source);

  // ---- While it runs

  // Serves until it is told to stop; returns when no session and no read is left.
  void run() noexcept;

  // Has the loop look at LoopSharedState::stop.
  void wake() noexcept;

  // Whether the calling thread is the one that is in run(). Any thread may call this.
  [[nodiscard]] bool runs_on_this_thread() const {
    return thread_.load() == std::this_thread::get_id();
  }

  // Makes `call` on the loop's thread, in its next iteration; never, if the loop has ended. The
  // oldest call is made first.
  void post(std::function<void()> call);

  // Serves `session`: it gets its first SocketReady at once. Returns 0, or -errno if epoll has no
  // room for it; then the session was closed.
  int add(std::unique_ptr<Session> session);

  [[nodiscard]] Timeouts& timeouts() { return timeouts_; }
  [[nodiscard]] std::uint64_t next_id() { return ++shared_.last_id; }

  // ---- For Acceptor

  // Counts a connection against LoopOptions::max_connections. False if there are so many already.
  [[nodiscard]] bool reserve_connection();
  void release_connection() { --shared_.connections; }
  // As add(), for a session whose connection was reserved: it is released when the session closes.
  int add_reserved(std::unique_ptr<Session> session);
  // So far, to notice that one has closed. One that was handed over has not.
  [[nodiscard]] std::uint64_t sessions_closed() const { return sessions_closed_; }

  // ---- Figures, once the loop has ended

  // One for each connection: a session that takes over another one's socket does not count.
  [[nodiscard]] std::uint64_t sessions_opened() const { return sessions_opened_; }
  [[nodiscard]] const StallFigures& stall_figures() const { return stall_meter_.figures(); }
  [[nodiscard]] Leftovers leftovers() const;

 private:
  // Calls a member of the loop when its descriptor is readable.
  struct Source final : EventSource {
    Source(EventLoop& whose, void (EventLoop::*what)()) : loop(whose), handler(what) {}
    void on_events(Readiness /*readiness*/) noexcept override { (loop.*handler)(); }
    EventLoop& loop;
    void (EventLoop::*handler)();
  };

  static constexpr std::size_t kScratchSize = 64 * 1024;

  void iterate();
  std::span<const epoll_event> wait();
  [[nodiscard]] int longest_sleep_ms() const;
  void set_timer();

  void on_wake();
  void on_timer() { timer_.acknowledge(); }
  void on_reads_done();
  void on_tasks_done();
  void submit_reads();
  void notify_ready();

  void on_socket_ready(Session& session, Readiness readiness) noexcept override;
  void on_completion(Session& session) noexcept override;
  void deliver_event(Session& session, Event event);
  void advance(Session& session, Event event);
  void set_interest(Session& session, Interest interest);
  [[nodiscard]] int watch_new(Session& session);
  int start(std::unique_ptr<Session> session);
  int hand_over(Session& session);
  void close_session(Session& session);
  void defer_destruction(Session& session);
  void expire_timeouts();
  void destroy_closed();

  void check_stop();
  void begin_stop();
  void end_idle(TimeoutKind kind);
  void end_all();

  LoopSharedState& shared_;
  std::atomic<std::thread::id> thread_;  // that is in run()
  const StallWatch stall_watch_;
  StallMeter stall_meter_;
  TimedSys timed_sys_;
  std::array<char, kScratchSize> scratch_;
  Poller poller_;
  std::optional<DiskIo> disk_io_;
  Timeouts timeouts_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;

  Source wake_source_{*this, &EventLoop::on_wake};
  Source timer_source_{*this, &EventLoop::on_timer};
  Source reads_source_{*this, &EventLoop::on_reads_done};
  Source tasks_source_{*this, &EventLoop::on_tasks_done};
  UniqueFd own_wake_fd_;  // unless the thread pool's eventfd serves
  int wake_fd_ = -1;
  Timer timer_;
  PostedCalls posted_;

  std::size_t alive_ = 0;                         // sessions; each is in exactly one timeout list
  std::vector<std::unique_ptr<Session>> closed_;  // not yet destroyed
  std::uint64_t sessions_opened_ = 0;
  std::uint64_t sessions_closed_ = 0;
  std::int64_t stop_deadline_us_ = 0;
};

}  // namespace aws
