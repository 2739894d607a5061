// Running the loops of a server until it is stopped: by signals, or by stop().
#pragma once

#include <signal.h>

#include <cstddef>
#include <mutex>

#include "aws/options.h"
#include "loop/event_loop_group.h"
#include "loop/loop_options.h"
#include "os/poller.h"
#include "os/unique_fd.h"

namespace aws {

// What ServerOptions say about the loops.
[[nodiscard]] LoopOptions loop_options_of(const ServerOptions& options);
// How many loops they ask for.
[[nodiscard]] std::size_t loop_count_of(const ServerOptions& options);

// Stops a group of loops, which may not exist yet, or any more.
//
// With `on_signals`, SIGTERM and SIGINT stop it, too: the first one gracefully, the second one at
// once. From its construction to its destruction they are blocked in the constructing thread, and
// in threads that it starts; signalfd(2) reads them instead, so that none is lost before run().
class StopSwitch final : public EventSource {
 public:
  // Throws std::system_error if there is no descriptor.
  explicit StopSwitch(bool on_signals);
  ~StopSwitch();
  StopSwitch(const StopSwitch&) = delete;
  StopSwitch& operator=(const StopSwitch&) = delete;

  // Any thread may call this.
  void stop();

  // Runs `group`, its first loop on the calling thread, until it has been stopped and all its loops
  // have ended. Throws std::system_error if a thread or a descriptor cannot be had.
  void run(EventLoopGroup& group);

  void on_events(Readiness readiness) noexcept override;

 private:
  void raise(Stop stop);
  void set_running(EventLoopGroup* group);

  UniqueFd signals_;
  sigset_t mask_before_{};
  Stop next_ = Stop::Gracefully;  // what the next signal means

  std::mutex mutex_;  // guards the rest
  EventLoopGroup* running_ = nullptr;
  Stop stop_ = Stop::No;
};

}  // namespace aws
