// Server: one event loop. It accepts connections, owns them, hands them events, ends those that
// try its patience, and buries them.
//
//   run():  wait ─> dispatch ─> submit reads ─> expire ─> bury ─┐
//            ^──────────────────────────────────────────────────┘
//
// Loops share nothing but what SharedState holds. The thread that calls run() owns everything
// here; stop() alone may be called from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "os/aio.h"
#include "os/helper_threads.h"
#include "os/intrusive_list.h"
#include "os/page_cache.h"
#include "os/poller.h"
#include "os/sys.h"
#include "server/connection.h"
#include "server/disk_counters.h"
#include "server/loop_context.h"
#include "server/stall_meter.h"
#include "server/timed_sys.h"

namespace aws {

// How a loop treats its clients; from the command line. Times in microseconds.
struct ServerLimits {
  std::size_t max_connections = 0;  // of all loops together
  std::int64_t header_timeout_us = 0;
  std::int64_t idle_timeout_us = 0;
  std::int64_t send_timeout_us = 0;
  std::int64_t grace_us = 0;
  Engine engine = Engine::Announced;
  // Of each loop:
  std::size_t aio_blocks = 0;
  std::size_t sentinels = 0;
  std::size_t helper_threads = 0;
  std::size_t helper_queue = 0;
  std::size_t file_cache = 0;   // descriptors
  std::size_t image_cache = 0;  // bytes
  bool keep_alive = true;
};

// How far a stop has got. It only ever rises.
enum class Stop : int {
  No,
  Gracefully,  // no new connections; running answers are finished, for as long as the grace lasts
  AtOnce,
};

// What all loops see; outlives them.
struct SharedState {
  const ServerLimits limits;
  const StallWatch stall_watch;
  const Resources& resources;
  AccessLog* access_log = nullptr;
  Tracer* tracer = nullptr;
  std::atomic<std::size_t> connections = 0;  // open ones, all loops together
  std::atomic<std::uint64_t> last_id = 0;
  std::atomic<Stop> stop = Stop::No;
};

class Server {
 public:
  // What is left when a loop has ended; all zero if nothing leaked.
  struct Leftovers {
    std::size_t connections = 0;
    std::size_t blocks = 0;
    std::size_t reads = 0;
  };

  // Takes over listening sockets. Throws std::system_error if the kernel refuses what a loop needs.
  Server(SharedState& shared, std::vector<UniqueFd> listeners);
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
  static constexpr std::int64_t kAcceptPauseUs = 100'000;  // before trying again without room
  static constexpr auto kPatienceCount = static_cast<std::size_t>(Patience::kCount);

  void turn();
  std::span<const epoll_event> wait();
  void dispatch(const Readiness& readiness);
  void watch(int fd, void* token);

  void accept_all(UniqueFd& listener);
  int admit(UniqueFd socket, const PeerAddress& peer);
  void pause_accepting();
  void resume_accepting();

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
  Sys kernel_;
  StallMeter stalls_;
  TimedSys timed_;
  Sys& sys_;  // kernel_, or timed_ if calls are timed
  Poller poller_;
  HelperThreads helpers_;
  AioContext aio_;
  PageCache page_cache_;
  FileCache file_cache_;
  UniqueFd wake_fd_;
  std::vector<UniqueFd> listeners_;
  std::array<char, kScratchSize> scratch_;
  LoopContext loop_;

  // Alive connections by what they wait for; in each list the one that waits longest is first, so
  // that expiry looks at fronts only.
  std::array<IntrusiveList<Client>, kPatienceCount> waiting_;
  std::vector<std::unique_ptr<Client>> retired_;  // closed, not yet destroyed
  std::size_t alive_ = 0;
  std::vector<void*> disk_ready_;

  bool accepting_ = true;
  bool told_no_room_ = false;         // once an episode is enough
  std::int64_t accept_again_us_ = 0;  // while not accepting
  std::int64_t stop_deadline_us_ = 0;
};

}  // namespace aws
