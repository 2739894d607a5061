// EventLoopGroup: the event loops of a process, one on each thread.
//
// The main thread builds it, lets each loop serve something, starts it, stops it, and waits for its
// end.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "loop/event_loop.h"
#include "os/unique_fd.h"

namespace aws {

class EventLoopGroup {
 public:
  // `count` loops (>= 1). With `pin`, loop i runs on the i-th CPU that this process may use, and
  // round again. Throws what EventLoop's constructor throws.
  EventLoopGroup(const LoopOptions& options, std::size_t count, bool pin);
  ~EventLoopGroup();  // stops at once what still runs
  EventLoopGroup(const EventLoopGroup&) = delete;
  EventLoopGroup& operator=(const EventLoopGroup&) = delete;

  [[nodiscard]] std::size_t size() const { return loops_.size(); }
  // Before start(), and after join(), the main thread may use the loops; otherwise it may call what
  // EventLoop allows to any thread.
  [[nodiscard]] EventLoop& loop(std::size_t index) { return *loops_[index]; }
  [[nodiscard]] const EventLoop& loop(std::size_t index) const { return *loops_[index]; }

  // Runs each loop on a thread of its own. Throws std::system_error if a thread cannot be created;
  // then all loops are stopped.
  void start();

  // Runs the first loop on the calling thread and the others on threads of their own; returns when
  // all have ended. So a group of one needs no thread, and the kernel and libc can do without the
  // locks that several need. Throws as start() does.
  void run();

  // Raises LoopSharedState::stop. Any thread may call this.
  void stop(Stop stop);

  // Returns the paths that threads of the loops' pools are working on. Any thread may call this
  // until join() has returned.
  [[nodiscard]] std::vector<std::string> paths_of_running() const;

  // Readable when all loops have ended.
  [[nodiscard]] int ended_fd() const { return ended_fd_.get(); }

  // Waits for the threads.
  void join();

  // Sums over the loops, after join().
  [[nodiscard]] std::uint64_t sessions_opened() const;
  [[nodiscard]] std::vector<StallFigures> stall_figures() const;  // of each loop
  [[nodiscard]] EventLoop::Leftovers leftovers() const;

 private:
  void start_from(std::size_t first);
  void run_loop(std::size_t index) noexcept;

  Sys kernel_;
  LoopSharedState shared_;
  UniqueFd ended_fd_;
  bool pin_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> running_ = 0;
};

}  // namespace aws
