// Running the loops of a server until it is stopped: by signals, or by stop().
#pragma once

#include <mutex>

#include "aws/options.h"
#include "loop/event_loop_group.h"
#include "loop/loop_options.h"

namespace aws {

// What ServerOptions say about the loops.
[[nodiscard]] LoopOptions loop_options_of(const ServerOptions& options);
// How many loops they ask for.
[[nodiscard]] std::size_t loop_count_of(const ServerOptions& options);

// Lets any thread stop a group of loops that may not exist yet, or any more.
class StopSwitch {
 public:
  void stop();

  // Runs `group`, its first loop on the calling thread: returns when it has been stopped, by stop()
  // or, with `on_signals`, by SIGTERM or SIGINT, and all its loops have ended. Throws
  // std::system_error if a thread or a descriptor cannot be had.
  void run(EventLoopGroup& group, bool on_signals);

 private:
  std::mutex mutex_;  // guards the rest
  EventLoopGroup* running_ = nullptr;
  bool stopped_ = false;
};

}  // namespace aws
