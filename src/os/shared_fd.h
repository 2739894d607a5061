// SharedFd: a file descriptor with several owners, closed by the last of them. For files that a
// cache and the bodies made from it hold at the same time.
//
// A file that has lost its last name meanwhile is closed by a thread of the pool: that frees its
// blocks, which takes long.
//
// Owners may be in one thread only, or hand the descriptor from thread to thread: the count is not
// atomic.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <utility>

#include "os/thread_pool.h"
#include "os/unique_fd.h"

namespace aws {

class SharedFd {
 public:
  SharedFd() = default;
  // Takes over what `fd` holds; nothing, if it holds nothing. Converts, since a sole owner may
  // always become the first of several.
  SharedFd(UniqueFd fd)  // NOLINT(google-explicit-constructor)
      : SharedFd(std::move(fd), nullptr) {}
  // The same; `closers`, which outlive it, close a file without a name.
  SharedFd(UniqueFd fd, ThreadPool* closers)
      : held_(fd ? new Held{std::move(fd), closers, 1} : nullptr) {}
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
  // Whether it holds a descriptor that nobody else does.
  [[nodiscard]] bool is_sole_owner() const { return held_ != nullptr && held_->owners == 1; }

  void reset() {
    if (held_ != nullptr && --held_->owners == 0) give_up();
    held_ = nullptr;
  }  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): the analyzer does not count owners

 private:
  struct Held {
    UniqueFd fd;
    ThreadPool* closers;
    std::size_t owners;
  };
  void give_up() {
    struct stat status {};
    if (held_->closers != nullptr && ::fstat(held_->fd.get(), &status) == 0 &&
        status.st_nlink == 0) {
      held_->closers->close_later(std::move(held_->fd));
    }
    delete held_;
  }
  Held* held_ = nullptr;
};

}  // namespace aws
