// Fleet: the process's event loops, one a thread.
//
// The main thread builds it, starts it, tells it to stop, and waits for its end.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "os/listener.h"
#include "os/unique_fd.h"
#include "server/server.h"

namespace aws {

class Fleet {
 public:
  // One loop for each element of listeners.per_loop. With `pin`, loop i is bound to the i-th CPU
  // this process may use, and round again. Throws what Server's constructor throws.
  Fleet(SharedState& shared, Listeners listeners, bool pin);
  ~Fleet();  // stops at once whatever still runs
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  void start();

  // Raises SharedState::stop; it never falls back.
  void stop(Stop stop);

  // Readable once all loops have ended.
  [[nodiscard]] int ended_fd() const { return ended_fd_.get(); }

  // Waits for the threads; afterwards the sums may be read.
  void join();

  [[nodiscard]] Counters counters() const;
  [[nodiscard]] DiskCounters disk_counters() const;
  [[nodiscard]] std::vector<StallFigures> stalls() const;  // of each loop
  [[nodiscard]] Server::Leftovers leftovers() const;

 private:
  void run_loop(std::size_t index) noexcept;

  Sys kernel_;
  SharedState& shared_;
  UniqueFd ended_fd_;
  bool pin_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> running_ = 0;
};

}  // namespace aws
