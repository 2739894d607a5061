#include "os/thread_pool.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/poll.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

#include "os/event_fd.h"

namespace aws {

ThreadPool::ThreadPool(Sys& sys, std::size_t threads, std::size_t queue)
    : sys_(sys), event_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), queue_limit_(queue) {
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
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !to_do_.empty() || !to_close_.empty(); });
    if (!to_close_.empty()) {
      std::vector<UniqueFd> closing;
      closing.swap(to_close_);
      lock.unlock();
      closing.clear();
      lock.lock();
      continue;
    }
    if (to_do_.empty()) return;
    Task& task = *to_do_.front();
    to_do_.erase(to_do_.begin());
    lock.unlock();
    task.run(sys_);
    lock.lock();
    done_.push_back(&task);
    lock.unlock();  // the loop is about to wake, and would find the lock taken
    announce(event_fd_.get());
    lock.lock();
  }
}

}  // namespace aws
