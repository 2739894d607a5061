// Server: one event loop. It owns connections, hands them events, ends those that try its patience,
// and buries them.
//
//   run():  wait ─> dispatch ─> submit reads ─> expire ─> bury ─┐
//            ^──────────────────────────────────────────────────┘
//
// Loops share nothing but what SharedState holds. The thread that calls run() owns everything
// here; stop() alone may be called from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "os/aio.h"
#include "os/helper_threads.h"
#include "os/intrusive_list.h"
#include "os/page_cache.h"
#include "os/poller.h"
#include "os/slab.h"
#include "os/sys.h"
#include "server/acceptor.h"
#include "server/connection.h"
#include "server/disk_counters.h"
#include "server/loop_context.h"
#include "server/shared_state.h"
#include "server/stall_meter.h"
#include "server/timed_sys.h"

namespace aws {

class Server {
 public:
  // What is left when a loop has ended; all zero if nothing leaked.
  struct Leftovers {
    std::size_t connections = 0;
    std::size_t blocks = 0;
    std::size_t reads = 0;
  };

  // Takes over listening sockets. `kernel` makes all calls for connections, from helper threads as
  // well; it and `shared` outlive the server. Throws std::system_error if the kernel refuses what a
  // loop needs.
  Server(SharedState& shared, std::vector<UniqueFd> listeners, Sys& kernel);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves until told to stop; returns when no connection and no read is left.
  void run() noexcept;

  // Has the loop look at SharedState::stop.
  void wake() noexcept;

  [[nodiscard]] const Counters& counters() const { return loop_.counters; }
  [[nodiscard]] DiskCounters disk_counters() const;
  [[nodiscard]] const StallFigures& stalls() const { return stalls_.figures(); }
  [[nodiscard]] Leftovers leftovers() const;

 private:
  struct Client;

  static constexpr std::size_t kScratchSize = 16 * 1024;
  static constexpr std::int64_t kLingerUs = 5'000'000;
  static constexpr std::int64_t kLingerAtStopUs = 500'000;
  static constexpr auto kPatienceCount = static_cast<std::size_t>(Patience::kCount);

  void turn();
  std::span<const epoll_event> wait();
  void dispatch(const Readiness& readiness);
  void watch(int fd, void* token);

  void accept_all(const Listener& listener);
  [[nodiscard]] int admit(Acceptor::Arrival arrival);
  void on_socket(Client& client, const Readiness& readiness);
  void do_reads();
  void on_disk_ready();
  void hand(Client& client, Event event);
  void arm(Client& client, Interest interest);
  void retire(Client& client);

  void expire();
  void bury();
  void heed_stop();
  void begin_stop();
  void end_all();
  [[nodiscard]] int timeout_ms() const;
  [[nodiscard]] std::int64_t limit_us(Patience patience) const;

  SharedState& shared_;
  StallMeter stalls_;
  TimedSys timed_;
  Sys& sys_;  // the kernel, or timed_ if calls are timed
  Poller poller_;
  HelperThreads helpers_;
  AioContext aio_;
  PageCache page_cache_;
  FileCache file_cache_;
  UniqueFd wake_fd_;
  std::array<char, kScratchSize> scratch_;
  LoopContext loop_;
  Acceptor acceptor_;

  Slab<Client> clients_;
  // Alive connections by what they wait for; in each list the one that waits longest is first, so
  // that expiry looks at fronts only.
  std::array<IntrusiveList<Client>, kPatienceCount> waiting_;
  std::vector<Slab<Client>::Owner> retired_;  // closed, not yet destroyed
  std::size_t alive_ = 0;
  std::vector<void*> disk_ready_;

  std::int64_t stop_deadline_us_ = 0;
};

}  // namespace aws
