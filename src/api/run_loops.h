// Running the loops of a server until it is stopped: by signals, or by stop().
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>

#include "aws/options.h"
#include "loop/event_loop_group.h"
#include "loop/loop_options.h"
#include "os/poller.h"
#include "os/stop_signals.h"

namespace aws {

// What ServerOptions say about the loops.
[[nodiscard]] LoopOptions loop_options_of(const ServerOptions& options);
// How many loops they ask for.
[[nodiscard]] std::size_t loop_count_of(const ServerOptions& options);

// Stops a group of loops, which may not exist yet, or any more.
//
// With `on_signals`, SIGTERM, SIGINT and SIGHUP stop it, too: the first one gracefully, the second
// one at once. They are caught (StopSignals) from its construction to its destruction, so that none
// is lost before run().
class StopSwitch final {
 public:
  // Throws std::system_error if there is no descriptor.
  explicit StopSwitch(bool on_signals);
  StopSwitch(const StopSwitch&) = delete;
  StopSwitch& operator=(const StopSwitch&) = delete;

  // Any thread may call this.
  void stop();

  // Runs `group`, its first loop on the calling thread, until it has been stopped and all its loops
  // have ended. Throws std::system_error if a thread or a descriptor cannot be had.
  void run(EventLoopGroup& group);

 private:
  void raise(Stop stop);
  void set_running(EventLoopGroup* group);

  // A signal has arrived: the descriptor of StopSignals, which stays readable, is drained.
  struct Signal final : EventSource {
    Signal(StopSwitch& whose, Stop what) : stop_switch(whose), meaning(what) {}
    void on_events(Readiness readiness) noexcept override;
    StopSwitch& stop_switch;
    Stop meaning;
    int fd = -1;
  };

  std::optional<StopSignals> signals_;
  Signal first_{*this, Stop::Gracefully};
  Signal second_{*this, Stop::AtOnce};

  std::mutex mutex_;  // guards the rest
  EventLoopGroup* running_ = nullptr;
  Stop stop_ = Stop::No;
};

}  // namespace aws
