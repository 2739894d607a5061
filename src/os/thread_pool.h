// ThreadPool: a few threads for calls that may sleep (open(2) of a path that is not cached, a read
// that cannot be done without waiting), so that the event loop never sleeps in them.
//
//   Task        one piece of such work; a member of its user, or owned by it
//   ThreadPool  the threads, their queue, and the eventfd that announces finished tasks
//
// A task's life:
//
//   start() ──> Queued ── room at the threads ──> Running: run() on a thread ── reap() ──> Idle
//
// A running task cannot be cancelled, and uses data of its user. It holds a PendingWork token of
// the completion that it was started for, so that the user is not destroyed meanwhile.
//
// The loop's thread alone calls everything here except Task::run() and close_later().
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "os/completion.h"
#include "os/intrusive_list.h"
#include "os/sys.h"
#include "os/unique_fd.h"

namespace aws {

class Task : public Link {
 public:
  virtual ~Task() = default;  // must not be running

  [[nodiscard]] bool under_way() const { return state_ != State::Idle; }

 protected:
  // The work, on a thread of the pool: may sleep. It must not touch what the loop may touch
  // meanwhile.
  virtual void run(Sys& sys) noexcept = 0;

  // On the loop's thread, after the work: appends the completions to notify to `ready`. By default,
  // this is the completion that the task was started for.
  virtual void finished(CompletionList& ready) { ready.push_back(*completion_); }

 private:
  friend class ThreadPool;
  enum class State : std::uint8_t { Idle, Queued, Running };

  State state_ = State::Idle;
  Completion* completion_ = nullptr;
  PendingWork pending_;  // while Running
};

class ThreadPool {
 public:
  // `queue` (>= 1) bounds the tasks that are handed to the threads at a time; further tasks are
  // queued in order. Tasks make their calls with `sys`, which must be safe to use from any thread
  // and must outlive the pool. Throws std::system_error if a thread cannot be created.
  ThreadPool(Sys& sys, std::size_t threads, std::size_t queue);
  // Waits for the running tasks; queued ones are not run. All are Idle then, and no completion is
  // notified.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Readable when tasks have finished.
  [[nodiscard]] int event_fd() const { return event_fd_.get(); }

  // Runs `task`, which is Idle, for `completion`.
  void start(Task& task, Completion& completion);

  // Removes a queued task from the queue: it is Idle again. Returns false if it is Running or Idle.
  bool withdraw(Task& task);

  // Closes `file` on a thread of the pool: close(2) of the last descriptor of an unlinked file
  // frees the file's blocks, which takes long. Any thread may call this.
  void close_later(UniqueFd file);

  // Collects finished tasks and appends their completions to `ready`. Never waits.
  void reap(CompletionList& ready);

  // Waits until no task is running: at the end of a loop, when there are no completions any more.
  void drain();

  // How many tasks are running.
  [[nodiscard]] std::size_t running() const { return running_.size(); }

  struct Counters {
    std::uint64_t tasks = 0;
    std::uint64_t queued = 0;  // of these, had to wait since the threads' queue was full
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  void end_threads();
  void hand_over();
  static void become_idle(Task& task);
  void work() noexcept;

  Sys& sys_;
  UniqueFd event_fd_;
  const std::size_t queue_limit_;
  IntrusiveList<Task> queue_;
  std::vector<Task*> running_;  // at most queue_limit_
  Counters counters_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<Task*> to_do_;  // first in, first out
  std::vector<Task*> done_;
  std::vector<UniqueFd> to_close_;
  bool ending_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace aws
