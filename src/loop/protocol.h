// Protocol: what an event loop needs to know of the protocol that its listening sockets speak.
//
// It makes a session of each accepted connection. What all sessions of one loop share (caches,
// pools, counters) belongs to it. One loop owns it; the loop's thread alone calls it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "loop/session.h"
#include "loop/timeouts.h"
#include "os/peer_address.h"
#include "os/unique_fd.h"

namespace aws {

// An accepted connection.
struct Arrival {
  UniqueFd socket;
  PeerAddress peer;
  std::uint64_t id = 0;  // unique in the process
};

class Protocol {
 public:
  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;
  virtual ~Protocol() = default;  // all its sessions are destroyed

  [[nodiscard]] virtual std::unique_ptr<Session> make_session(Arrival arrival) = 0;

  // Whether clients send first. If so, the kernel may hold back connections that have sent nothing
  // while very many arrive (see DeferAcceptPolicy).
  [[nodiscard]] virtual bool clients_send_first() const { return false; }

  // The kinds of timeouts that run while a session waits for its client to begin something. When
  // the loop stops, it ends sessions that wait for these. Valid as long as the protocol.
  [[nodiscard]] virtual std::span<const TimeoutKind> idle_kinds() const { return {}; }

  // Closes descriptors that are kept open only to save work later. Returns whether there were any.
  // Called when accept(2) finds no free descriptor.
  virtual bool release_descriptors() { return false; }

  // Called once in each iteration, and at the latest when next_tick_us() (Moment::monotonic_us) has
  // come.
  virtual void on_tick() {}
  [[nodiscard]] virtual std::int64_t next_tick_us() const { return Timeouts::kNever; }

  // The loop begins to stop. LoopContext::stopping is set, the listening sockets are still open.
  virtual void on_stop() {}
};

}  // namespace aws
