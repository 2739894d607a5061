#include "os/thread_pool.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/poll.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <functional>
#include <map>
#include <system_error>
#include <utility>

#include "os/event_fd.h"
#include "os/log.h"
#include "os/mount_points.h"

namespace aws {

ThreadPool::ThreadPool(Sys& sys, std::size_t threads, std::size_t queue)
    : sys_(sys),
      event_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      queue_limit_(queue),
      threads_at_first_(threads) {
  if (!event_fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
  for (std::vector<Task*>* list : {&running_, &to_do_, &done_})
    list->reserve(queue);
  try {
    for (std::size_t i = 0; i < threads; ++i)
      threads_.emplace_back([this] { work(); });
  } catch (...) {
    end_threads();  // those that were created: a joinable thread must not be destroyed
    throw;
  }
}

ThreadPool::~ThreadPool() {
  end_threads();
  for (Task* const task : running_)
    become_idle(*task);
  while (Task* const task = queue_.front())
    withdraw(*task);
}

void ThreadPool::end_threads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

void ThreadPool::start(Task& task, Completion& completion) {
  assert(!task.under_way());
  task.state_ = Task::State::Queued;
  task.completion_ = &completion;
  ++counters_.tasks;
  if (running_.size() >= queue_limit_) ++counters_.queued;
  queue_.push_back(task);
  hand_over();
}

void ThreadPool::hand_over() {
  while (running_.size() < queue_limit_ && !queue_.empty()) {
    Task& task = *queue_.front();
    task.unlink();
    task.state_ = Task::State::Running;
    task.pending_ = PendingWork(*task.completion_);
    running_.push_back(&task);
    if (next_check_us_ == kNever) next_check_us_ = sys_.monotonic_us() + kCheckUs;
    if (!hung_mounts_.empty() && is_refused(task, MountPoints())) {
      refuse(task);
      continue;
    }
    {
      const std::lock_guard lock(mutex_);
      to_do_.push_back(&task);
    }
    wake_.notify_one();
  }
}

bool ThreadPool::withdraw(Task& task) {
  if (task.state_ != Task::State::Queued) return false;
  task.unlink();
  task.state_ = Task::State::Idle;
  return true;
}

// ---- Tasks that hang

void ThreadPool::check_hung(std::int64_t now_us) {
  next_check_us_ = running_.empty() ? kNever : now_us + kCheckUs;
  const std::vector<Busy> hung = busy_since(now_us - kHungUs);
  hung_ = hung.size();
  hung_mounts_.clear();
  if (hung.empty()) return;
  const MountPoints mounts;
  hung_mounts_ = full_of(hung, mounts);
  std::vector<Task*> refused;
  {
    const std::lock_guard lock(mutex_);
    const auto kept = std::stable_partition(to_do_.begin(), to_do_.end(),
                                            [&](Task* task) { return !is_refused(*task, mounts); });
    refused.assign(kept, to_do_.end());
    to_do_.erase(kept, to_do_.end());
  }
  for (Task* const task : refused)
    refuse(*task);
  add_threads();
}

// What threads have been doing since `began_us`, or for longer.
std::vector<ThreadPool::Busy> ThreadPool::busy_since(std::int64_t began_us) {
  std::vector<Busy> found;
  const std::lock_guard lock(mutex_);
  for (const Busy* const busy : busy_) {
    if (busy->since_us <= began_us) found.push_back(*busy);
  }
  return found;
}

// The mounts in which as many tasks hang as there were threads at first.
std::vector<std::string> ThreadPool::full_of(const std::vector<Busy>& hung,
                                             const MountPoints& mounts) const {
  std::map<std::string, std::size_t, std::less<>> tasks_in;
  for (const Busy& busy : hung) {  // a task that ends meanwhile stays until reap()
    if (busy.task != nullptr) ++tasks_in[std::string(mounts.of(busy.task->path()))];
  }
  std::vector<std::string> full;
  for (const auto& [mount, tasks] : tasks_in) {
    if (!mount.empty() && tasks >= threads_at_first_) full.push_back(mount);
  }
  return full;
}

bool ThreadPool::is_refused(const Task& task, const MountPoints& mounts) const {
  const std::string path = task.path();
  return std::find(hung_mounts_.begin(), hung_mounts_.end(), mounts.of(path)) != hung_mounts_.end();
}

// Finishes a task that no thread runs.
void ThreadPool::refuse(Task& task) {
  task.refuse();
  {
    const std::lock_guard lock(mutex_);
    done_.push_back(&task);
  }
  announce(event_fd_.get());
}

// Has as many threads that do not hang as there were at first, if that is possible.
void ThreadPool::add_threads() {
  const std::size_t wanted =
      threads_at_first_ + std::min(hung_, static_cast<std::size_t>(kMostExtraThreads));
  try {
    while (threads_.size() < wanted)
      threads_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    log_warning("no thread can be created for others that hang: {}", error.what());
  }
}

std::vector<std::string> ThreadPool::paths_of_running() {
  std::vector<std::string> paths;
  const std::lock_guard lock(mutex_);
  for (const Busy* const busy : busy_)
    paths.push_back(busy->task != nullptr ? busy->task->path() : "");
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

// A thread has run `task`.
void ThreadPool::become_idle(Task& task) {
  task.state_ = Task::State::Idle;
  task.pending_.finish();
}

void ThreadPool::close_later(UniqueFd file) {
  {
    const std::lock_guard lock(mutex_);
    to_close_.push_back(std::move(file));
  }
  wake_.notify_one();
}

void ThreadPool::reap(CompletionList& ready) {
  // The counter is read before the list is taken: a task that finishes between the two is announced
  // again.
  std::uint64_t announced = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(event_fd_.get(), &announced, sizeof(announced));
  std::vector<Task*> done;
  done.reserve(queue_limit_);
  {
    const std::lock_guard lock(mutex_);
    done_.swap(done);
  }
  for (Task* const task : done) {
    std::erase(running_, task);
    become_idle(*task);
    task->finished(ready);
  }
  hand_over();
}

void ThreadPool::drain() {
  CompletionList ready;
  while (!running_.empty()) {
    pollfd done{event_fd_.get(), POLLIN, 0};
    if (::poll(&done, 1, -1) > 0) reap(ready);
    ready.clear();
  }
}

// What each thread runs.
void ThreadPool::work() noexcept {
  ::pthread_setname_np(::pthread_self(), "aws-helper");
  Busy busy;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !to_do_.empty() || !to_close_.empty(); });
    if (!to_close_.empty()) {
      std::vector<UniqueFd> closing;
      closing.swap(to_close_);
      busy = {nullptr, sys_.monotonic_us()};
      busy_.push_back(&busy);
      lock.unlock();
      closing.clear();
      lock.lock();
      std::erase(busy_, &busy);
      continue;
    }
    if (to_do_.empty()) return;
    Task& task = *to_do_.front();
    to_do_.erase(to_do_.begin());
    busy = {&task, sys_.monotonic_us()};
    busy_.push_back(&busy);
    lock.unlock();
    task.run(sys_);
    lock.lock();
    std::erase(busy_, &busy);
    done_.push_back(&task);
    lock.unlock();  // the loop is about to wake, and would find the lock taken
    announce(event_fd_.get());
    lock.lock();
  }
}

}  // namespace aws
