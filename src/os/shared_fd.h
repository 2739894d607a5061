// SharedFd: a file descriptor with several owners, closed by the last of them. For files that a
// cache and the bodies made from it hold at the same time.
//
// Owners may be in one thread only, or hand the descriptor from thread to thread: the count is not
// atomic.
#pragma once

#include <cstddef>
#include <utility>

#include "os/unique_fd.h"

namespace aws {

class SharedFd {
 public:
  SharedFd() = default;
  // Takes over what `fd` holds; nothing, if it holds nothing. Converts, since a sole owner may
  // always become the first of several.
  SharedFd(UniqueFd fd)  // NOLINT(google-explicit-constructor)
      : held_(fd ? new Held{std::move(fd), 1} : nullptr) {}
  SharedFd(const SharedFd& other) noexcept : held_(other.held_) {
    if (held_ != nullptr) ++held_->owners;
  }
  SharedFd(SharedFd&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  SharedFd& operator=(SharedFd other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~SharedFd() { reset(); }

  [[nodiscard]] int get() const { return held_ != nullptr ? held_->fd.get() : -1; }
  explicit operator bool() const { return held_ != nullptr; }

  void reset() {
    if (held_ != nullptr && --held_->owners == 0) delete held_;
    held_ = nullptr;
  }

 private:
  struct Held {
    UniqueFd fd;
    std::size_t owners;
  };
  Held* held_ = nullptr;
};

}  // namespace aws
