// Completions for tests: one that counts its notifications, and what is in a list of them.
#pragma once

#include <vector>

#include "os/completion.h"

namespace aws {

class TestCompletion final : public Completion {
 public:
  void ready() noexcept override { ++notified; }
  int notified = 0;
};

// Takes all completions out of `ready`, without notifying them. The result has their order.
[[nodiscard]] inline std::vector<Completion*> taken(CompletionList& ready) {
  std::vector<Completion*> all;
  while (Completion* const completion = ready.front()) {
    completion->unlink();
    all.push_back(completion);
  }
  return all;
}

}  // namespace aws
