// Disk: what a loop reads files with, on FaultySys, and what it does with it in a turn.
#pragma once

#include <poll.h>

#include <cstddef>
#include <vector>

#include "faulty_sys.h"
#include "os/aio.h"
#include "os/helper_threads.h"
#include "os/page_cache.h"
#include "serve/body_tools.h"
#include "serve/lookup.h"

namespace aws {

// Waits until no errand is with a helper any more; who waited for one is appended to `ready`.
inline void await_errands(HelperThreads& helpers, std::vector<void*>& ready) {
  while (helpers.errands_out() > 0) {
    pollfd done{.fd = helpers.event_fd(), .events = POLLIN, .revents = 0};
    if (::poll(&done, 1, -1) == 1) helpers.reap(ready);
  }
}

class Disk {
 public:
  explicit Disk(std::size_t blocks = 8, std::size_t sentinels = 8, std::size_t queue = 8,
                Engine engine = Engine::Announced)
      : helpers(sys, 1, queue),
        aio(sys, helpers, blocks, sentinels),
        cache(sys, aio, helpers, engine) {}
  ~Disk() { sys.let_helpers_work(true); }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // A loop's turn: errands return, queued reads go to the "kernel", and what is done comes back.
  // Appends to `ready` who waited for that.
  void turn(std::vector<void*>& ready) {
    if (!holds_errands) finish_errands(ready);
    aio.submit(ready);
    aio.reap(ready);
  }

  // Whether the next turn must come soon, whatever anybody waits for.
  [[nodiscard]] bool wants_turn() const { return aio.has_unfinished() || aio.has_queued(); }

  void finish_errands(std::vector<void*>& ready) {
    sys.let_helpers_work(true);
    await_errands(helpers, ready);
    sys.let_helpers_work(false);
  }

  // What answers are made with. The loop may sleep then, unless the test forbids it.
  [[nodiscard]] BodyTools tools(Moment now = {}) { return {sys, aio, cache, helpers, lookup, now}; }

  FaultySys sys;
  HelperThreads helpers;
  AioContext aio;
  PageCache cache;
  Lookup lookup{sys};
  bool holds_errands = false;  // until finish_errands()
};

}  // namespace aws
