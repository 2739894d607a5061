// Poller: epoll(7), level-triggered, wrapped once.
//
// It knows descriptors and opaque tokens, not what they stand for. One thread owns it.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>

#include "os/unique_fd.h"

namespace aws {

// What a descriptor is watched for. Errors and hang-ups are reported always (epoll_ctl(2)).
enum class Interest : std::uint32_t {
  None = 0,
  Read = EPOLLIN,
  Write = EPOLLOUT,
};

// One ready descriptor. `token` is what it was registered with.
struct Readiness {
  explicit Readiness(const epoll_event& event) : token(event.data.ptr), events(event.events) {}
  [[nodiscard]] bool is(Interest interest) const {
    return (events & static_cast<std::uint32_t>(interest)) != 0;
  }
  // Error or full hang-up. A peer that only half-closed is not gone: it may still read.
  [[nodiscard]] bool peer_gone() const { return (events & (EPOLLERR | EPOLLHUP)) != 0; }

  void* token;
  std::uint32_t events;
};

class Poller {
 public:
  Poller();  // throws std::system_error if the kernel refuses an epoll instance

  // Both return 0, or -errno (ENOMEM, ENOSPC: epoll_ctl(2)). A closed descriptor leaves by itself.
  [[nodiscard]] int add(int fd, Interest interest, void* token) noexcept;
  [[nodiscard]] int change(int fd, Interest interest, void* token) noexcept;

  // Waits until something is ready, at most `timeout_ms` (-1: for ever). The result is valid until
  // the next call; it is empty after a time-out or a signal.
  std::span<const epoll_event> wait(int timeout_ms) noexcept;

 private:
  static constexpr std::size_t kEventsPerBatch = 256;

  UniqueFd epoll_;
  std::array<epoll_event, kEventsPerBatch> events_;
};

}  // namespace aws
