// PostedCalls: calls that other threads ask a loop to make.
//
// push() may be called from any thread, run() from the loop's alone. It does not wake the loop.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace aws {

class PostedCalls {
 public:
  void push(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }

  // Makes the calls that were pushed so far, the oldest first.
  void run() {
    std::vector<std::function<void()>> calls;
    {
      const std::lock_guard lock(mutex_);
      calls.swap(calls_);
    }
    for (const auto& call : calls)
      call();
  }

 private:
  std::mutex mutex_;  // guards calls_
  std::vector<std::function<void()>> calls_;
};

}  // namespace aws
