// Acceptor: lets clients in, as long as there is room for them.
//
// A listener that is not accepted from would wake a level-triggered loop again and again. So where
// descriptors or connections have run out, the listeners' interest is taken away, and given back
// when a connection ends, or after a while, since it may have ended in another loop.
//
// In a rush, the kernel keeps clients back until they have asked something, for a second at most.
//
// It knows sockets, not what becomes of them. Its loop's thread alone calls it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "os/peer_address.h"
#include "os/poller.h"
#include "os/unique_fd.h"
#include "server/loop_context.h"
#include "server/rush.h"
#include "server/shared_state.h"

namespace aws {

struct Listener {
  UniqueFd socket;  // empty once the loop stops
  Interest armed = Interest::Read;
};

class Acceptor {
 public:
  static constexpr std::int64_t kPauseUs = 100'000;  // before trying again without room
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  struct Arrival {
    UniqueFd socket;
    PeerAddress peer;
  };

  // Has `poller` watch `sockets`, which listen. Throws std::system_error if it cannot. The others
  // must outlive it.
  Acceptor(SharedState& shared, LoopContext& loop, Poller& poller, std::vector<UniqueFd> sockets);

  [[nodiscard]] std::vector<Listener>& listeners() { return listeners_; }
  // The listener that `token` stands for in the poller, or nullptr.
  [[nodiscard]] Listener* listener_of(const void* token);

  // The next client at `listener`; nothing if nobody waits there, or there is no room. Each must be
  // concluded, and its end be noted.
  [[nodiscard]] std::optional<Arrival> accept(const Listener& listener);
  // What became of the arrival: 0, or -errno where it ended since there was no room after all.
  void conclude(int result);
  // A connection that came from here has ended.
  void note_end();

  // Does what it is time for: once a turn.
  void tend();
  // When that will be (Moment::monotonic_us).
  [[nodiscard]] std::int64_t next_tending_us() const {
    return std::min(next_try_us_, rush_.is_on() ? rush_.next_judgement_us() : kNever);
  }

  // Closes the listeners, for good.
  void close();

 private:
  void tell_no_room(int error);
  void pause();
  void arm();
  void heed_rush();

  SharedState& shared_;
  LoopContext& loop_;
  Poller& poller_;
  std::vector<Listener> listeners_;
  bool paused_ = false;
  bool told_no_room_ = false;  // once an episode is enough
  std::int64_t next_try_us_ = kNever;
  Rush rush_;
  bool deferring_ = false;
};

}  // namespace aws
