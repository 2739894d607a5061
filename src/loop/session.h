// Session: what one connection is to an event loop.
//
// A session never calls its loop to wait: it is handed an Event, does a bounded amount of I/O, and
// returns what it Wants next. The loop turns wants into epoll interest. A protocol is a subclass.
//
// The loop's thread alone calls it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "loop/loop_context.h"
#include "loop/timeouts.h"
#include "os/completion.h"
#include "os/poller.h"
#include "os/unique_fd.h"

namespace aws {

// What the loop tells a session.
enum class Event : std::uint8_t {
  SocketReady,  // the socket is ready for what the session wanted, or the session is new
  DiskReady,    // its Completion was notified: a read or a task is done
  PeerGone,     // the socket failed or was closed by both sides, or the loop ends the session: it
                // is closed, whatever it wants then
  Timeout,      // the limit of its timeout has passed
};

// What a session waits for next.
enum class Want : std::uint8_t {
  Read,
  Write,
  ReadOrWrite,  // either of them
  Disk,         // its Completion; the socket is not watched
  Close,        // nothing: the loop closes its socket
  HandOver,     // nothing: another session takes its socket; see successor()
};

// Their names, for the trace: "SocketReady", "Read".
[[nodiscard]] std::string_view name(Event event);
[[nodiscard]] std::string_view name(Want want);

class Session : public EventSource, public Completion, public TimeoutEntry {
 public:
  // Owns `socket`, which is nonblocking. `loop` must outlive it. `id` is unique in the process.
  // Nothing is waited for, and no timeout runs, until the first advance(SocketReady).
  Session(LoopContext& loop, UniqueFd socket, std::uint64_t id);
  virtual ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Does what `event` makes possible and returns what to wait for. After Close or HandOver it is
  // not called again, and the loop closes the socket. A loop destroys a closed session at the end
  // of the iteration, or later if it has pending work.
  [[nodiscard]] virtual Want advance(Event event) = 0;

  // What it is working on, for reports: an HTTP request's target, for example. May be empty. Valid
  // until advance().
  [[nodiscard]] virtual std::string_view subject() const { return {}; }

  // After Want::HandOver: the session that takes over. This session has moved its socket, and the
  // bytes that were received and not used, into it. Called once.
  [[nodiscard]] virtual std::unique_ptr<Session> successor() { return nullptr; }

  [[nodiscard]] int socket() const { return socket_.get(); }
  [[nodiscard]] std::uint64_t id() const { return id_; }

  // Both are called by what the session registered with, and end in advance().
  void on_events(Readiness readiness) noexcept final { loop_.on_socket_ready(*this, readiness); }
  void ready() noexcept final { loop_.on_completion(*this); }

 protected:
  // Starts, or starts again, the timeout that runs while this session waits.
  void start_timeout(TimeoutKind kind) {
    TimeoutEntry::start_timeout(kind, loop_.now.monotonic_us);
  }

  UniqueFd socket_;

 private:
  friend class EventLoop;

  Interest interest_ = Interest::Read;  // what epoll watches for
  Want want_ = Want::Read;
  bool watched_ = false;  // by epoll
  bool counted_ = false;  // against the limit of connections
  std::uint64_t id_;
  LoopContext& loop_;
};

}  // namespace aws
