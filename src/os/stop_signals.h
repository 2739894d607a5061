// StopSignals: the signals that ask a program to stop, as descriptors.
//
// They are caught by handlers. A blocked mask and signalfd(2) would not do: a mask belongs to a
// thread, and a thread that somebody else started (a preloaded library, before main) does not have
// it, so that the default action would end the process. A disposition belongs to the process.
//
// Objects are created and destroyed by any thread; several at a time are allowed.
#pragma once

#include <cstddef>

#include "os/unique_fd.h"

namespace aws {

class StopSignals {
 public:
  static constexpr unsigned kNoLimit = 0;

  // Catches SIGTERM and SIGINT, and SIGHUP and SIGXCPU unless they are ignored or caught already.
  // With `last_wait_s`, the process exits with status 1 so many seconds after the second signal,
  // whatever it waits for then. Throws std::system_error if there is no descriptor, and
  // std::length_error if there are kMostObjects objects.
  explicit StopSignals(unsigned last_wait_s = kNoLimit);
  // The last object restores what the signals did before.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Readable (eventfd(2)) from the first signal on, and from the second.
  [[nodiscard]] int first() const { return first_.get(); }
  [[nodiscard]] int second() const { return second_.get(); }

  static constexpr std::size_t kMostObjects = 16;

 private:
  UniqueFd first_;
  UniqueFd second_;
  std::size_t place_ = 0;
};

// Ignores the signals whose default action would end the process though they are no request to
// stop: SIGPIPE and SIGXFSZ (the call fails with EPIPE or EFBIG), SIGUSR1, SIGUSR2, SIGIO, SIGPWR,
// timers and the real-time signals (signal(7)). Signals that are caught already stay so, and so do
// those that are for debugging (SIGQUIT, SIGABRT …) or for job control.
void ignore_stray_signals() noexcept;

}  // namespace aws
