// Poller: epoll(7), level-triggered, wrapped once.
//
//   EventSource   what a descriptor belongs to; it is called when the descriptor is ready
//   Poller        the epoll instance
//
// It knows descriptors, not what they are for. One thread owns it.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>

#include "os/unique_fd.h"

namespace aws {

// What a descriptor is watched for. Errors and hang-ups are reported always (epoll_ctl(2)).
enum class Interest : std::uint8_t {
  None = 0,
  Read = EPOLLIN,
  Write = EPOLLOUT,
  ReadOrWrite = EPOLLIN | EPOLLOUT,
};

// What a descriptor is ready for (epoll_ctl(2): EPOLLIN and so on).
struct Readiness {
  [[nodiscard]] bool is(Interest interest) const {
    return (events & static_cast<std::uint32_t>(interest)) != 0;
  }
  // Error or full hang-up. A peer that only half-closed is not gone: it may still read.
  [[nodiscard]] bool peer_gone() const { return (events & (EPOLLERR | EPOLLHUP)) != 0; }

  std::uint32_t events = 0;
};

class EventSource {
 public:
  // The descriptor is ready for what it is watched for, or has failed.
  virtual void on_events(Readiness readiness) noexcept = 0;

 protected:
  EventSource() = default;
  ~EventSource() = default;
};

class Poller {
 public:
  Poller();  // throws std::system_error if the kernel refuses an epoll instance

  // Watches `fd` for `source`, which must exist as long as `fd` is open and events() of the last
  // wait() are in use. Both return 0, or -errno (ENOMEM, ENOSPC: epoll_ctl(2)).
  [[nodiscard]] int add(int fd, Interest interest, EventSource& source) noexcept;
  [[nodiscard]] int change(int fd, Interest interest, EventSource& source) noexcept;

  // Stops watching `fd`. To close it is not enough if somebody has duplicated it (a child process,
  // a preloaded library): then epoll still watches what it stood for (epoll(7), questions and
  // answers).
  void remove(int fd) noexcept;

  // Waits until something is ready, at most `timeout_ms` (-1: for ever). The result is valid until
  // the next call; it is empty after a timeout or a signal.
  std::span<const epoll_event> wait(int timeout_ms) noexcept;

  // Calls the source of one of the events that wait() returned.
  static void dispatch(const epoll_event& event) noexcept {
    static_cast<EventSource*>(event.data.ptr)->on_events(Readiness{event.events});
  }

 private:
  static constexpr std::size_t kEventsPerBatch = 256;

  UniqueFd epoll_;
  std::array<epoll_event, kEventsPerBatch> events_;
};

}  // namespace aws
