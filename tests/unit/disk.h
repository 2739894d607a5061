// Disk: what a loop reads files with, on FaultySys, and what the loop does with it in an iteration.
#pragma once

#include <poll.h>

#include <cstddef>
#include <vector>

#include "faulty_sys.h"
#include "os/aio.h"
#include "os/completion.h"
#include "os/disk_io.h"
#include "os/thread_pool.h"
#include "serve/body_tools.h"
#include "serve/lookup.h"
#include "test_completion.h"

namespace aws {

// Waits until no task is running. Appends to `ready` the completions that they were started for.
inline void await_tasks(ThreadPool& threads, CompletionList& ready) {
  while (threads.running() > 0) {
    pollfd done{.fd = threads.event_fd(), .events = POLLIN, .revents = 0};
    if (::poll(&done, 1, -1) == 1) threads.reap(ready);
  }
}

class Disk {
 public:
  explicit Disk(std::size_t blocks = 8, std::size_t sentinels = 8, std::size_t queue = 8,
                Engine engine = Engine::Announced)
      : io(sys, sys,
           {.aio_blocks = blocks,
            .sentinels = sentinels,
            .helper_threads = 1,
            .helper_queue = queue,
            .engine = engine}) {}
  ~Disk() { sys.let_helpers_work(true); }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // An iteration of a loop: tasks finish, queued reads go to the "kernel", and what is done comes
  // back. Appends to `ready` the completions that the loop would notify.
  void turn(CompletionList& ready) {
    if (!holds_tasks) finish_tasks(ready);
    aio.submit(ready);
    aio.reap(ready);
  }
  // The same; returns the completions, which are not notified.
  std::vector<Completion*> turn() {
    CompletionList ready;
    turn(ready);
    return taken(ready);
  }

  // Whether the next turn must come soon, whatever is waited for.
  [[nodiscard]] bool wants_turn() const { return aio.has_unfinished() || aio.has_queued(); }

  void finish_tasks(CompletionList& ready) {
    sys.let_helpers_work(true);
    await_tasks(threads, ready);
    sys.let_helpers_work(false);
  }

  // What answers are made with. The loop may sleep then, unless the test forbids it.
  [[nodiscard]] BodyTools tools(Moment now = {}) {
    return {.sys = sys, .disk = io, .lookup = lookup, .now = now};
  }

  FaultySys sys;
  DiskIo io;
  ThreadPool& threads = io.threads();
  AioContext& aio = io.aio();
  Lookup lookup{sys};
  bool holds_tasks = false;  // until finish_tasks()
};

}  // namespace aws
