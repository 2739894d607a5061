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
// A task that runs for longer than kHungUs hangs: most likely in a mount that does not answer (NFS,
// FUSE). Another thread is created for it, up to kMostExtraThreads, so that other tasks go on. If
// as many tasks hang in one mount as there were threads at first, further tasks of it are refused.
//
// The loop's thread alone calls everything here except Task::run(), close_later() and
// paths_of_running().
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "os/completion.h"
#include "os/intrusive_list.h"
#include "os/sys.h"
#include "os/unique_fd.h"

namespace aws {

class MountPoints;

class Task : public Link {
 public:
  virtual ~Task() = default;  // must not be running

  [[nodiscard]] bool under_way() const { return state_ != State::Idle; }

 protected:
  // The work, on a thread of the pool: may sleep. It must not touch what the loop may touch
  // meanwhile.
  virtual void run(Sys& sys) noexcept = 0;

  // The absolute path that run() works on, as far as it is known; else empty. Any thread may call
  // it while the task runs.
  [[nodiscard]] virtual std::string path() const { return {}; }

  // On the loop's thread, instead of run(): too many tasks hang in the mount of path(). Sets the
  // result to a failure; finished() is called next.
  virtual void refuse() noexcept {}

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
  static constexpr std::int64_t kHungUs = 5'000'000;
  static constexpr std::int64_t kCheckUs = 1'000'000;  // between two calls of check_hung()
  static constexpr std::size_t kMostExtraThreads = 16;

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

  // Looks for tasks that hang. Due at next_check_us().
  void check_hung(std::int64_t now_us);
  // When check_hung() is to be called (Moment::monotonic_us); the largest value if no task runs.
  [[nodiscard]] std::int64_t next_check_us() const { return next_check_us_; }

  // Returns the paths of tasks that run, without duplicates. Any thread may call this.
  [[nodiscard]] std::vector<std::string> paths_of_running();

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
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // What a thread is doing.
  struct Busy {
    Task* task = nullptr;  // nullptr: it closes a file
    std::int64_t since_us = 0;
  };

  void end_threads();
  void hand_over();
  [[nodiscard]] std::vector<Busy> busy_since(std::int64_t began_us);
  [[nodiscard]] std::vector<std::string> full_of(const std::vector<Busy>& hung,
                                                 const MountPoints& mounts) const;
  [[nodiscard]] bool is_refused(const Task& task, const MountPoints& mounts) const;
  void refuse(Task& task);
  void add_threads();
  static void become_idle(Task& task);
  void work() noexcept;

  Sys& sys_;
  UniqueFd event_fd_;
  const std::size_t queue_limit_;
  IntrusiveList<Task> queue_;
  std::vector<Task*> running_;  // at most queue_limit_
  Counters counters_;
  const std::size_t threads_at_first_;
  std::int64_t next_check_us_ = kNever;
  std::size_t hung_ = 0;                  // threads, at the last check
  std::vector<std::string> hung_mounts_;  // whose tasks are refused

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<Task*> to_do_;  // first in, first out
  std::vector<Task*> done_;
  std::vector<Busy*> busy_;  // on the threads' stacks
  std::vector<UniqueFd> to_close_;
  bool ending_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace aws
