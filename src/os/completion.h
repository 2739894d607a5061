// Completion: the object that is notified when work done elsewhere (by the kernel's AIO or by a
// thread pool) has finished; a base of whatever waits for such work.
//
//   CompletionList   completions whose work has finished; the event loop calls ready() of each
//   PendingWork      a token that a running task holds: its completion must not be destroyed yet
//
// It does not know loops, sessions or files. The loop's thread alone uses all of it.
#pragma once

#include <cassert>
#include <cstdint>
#include <utility>

#include "os/intrusive_list.h"

namespace aws {

class Completion : public Link {
 public:
  // The work has finished, successfully or not; its result is where the work was started. Called
  // once for all work that has finished since the list was last notified.
  virtual void ready() noexcept = 0;

  // Whether a task that uses this object's data is running on another thread. If so, the object
  // must not be destroyed: the owner waits until the last token is gone.
  [[nodiscard]] bool has_pending_work() const { return pending_ > 0; }

 protected:
  Completion() = default;
  ~Completion() { assert(pending_ == 0); }

 private:
  friend class PendingWork;
  std::uint32_t pending_ = 0;  // tokens
};

// Movable, not copyable. An empty token (the default) stands for no work.
class PendingWork {
 public:
  PendingWork() = default;
  explicit PendingWork(Completion& completion) : completion_(&completion) { ++completion.pending_; }
  PendingWork(PendingWork&& other) noexcept
      : completion_(std::exchange(other.completion_, nullptr)) {}
  PendingWork& operator=(PendingWork&& other) noexcept {
    std::swap(completion_, other.completion_);
    other.finish();
    return *this;
  }
  PendingWork(const PendingWork&) = delete;
  PendingWork& operator=(const PendingWork&) = delete;
  ~PendingWork() { finish(); }

  void finish() {
    if (completion_ != nullptr) --completion_->pending_;
    completion_ = nullptr;
  }

 private:
  Completion* completion_ = nullptr;
};

using CompletionList = IntrusiveList<Completion>;

// Calls ready() of each completion in `list`, the first one first; the list is empty afterwards.
inline void notify_all(CompletionList& list) noexcept {
  while (Completion* const completion = list.front()) {
    completion->unlink();
    completion->ready();
  }
}

}  // namespace aws
