#include "os/helper_threads.h"

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

HelperThreads::HelperThreads(Sys& sys, std::size_t threads, std::size_t queue)
    : sys_(sys), event_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), queue_limit_(queue) {
  if (!event_fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
  for (std::vector<Errand*>* list : {&out_, &to_do_, &done_})
    list->reserve(queue);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

HelperThreads::~HelperThreads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

void HelperThreads::start(Errand& errand, const void* owner) {
  assert(!errand.under_way());
  errand.state_ = Errand::State::InLine;
  errand.owner_ = owner;
  ++counters_.errands;
  if (out_.size() >= queue_limit_) ++counters_.waited;
  line_.push_back(errand);
  hand_over();
}

void HelperThreads::hand_over() {
  while (out_.size() < queue_limit_ && !line_.empty()) {
    Errand& errand = *line_.front();
    errand.unlink();
    errand.state_ = Errand::State::Out;
    out_.push_back(&errand);
    {
      const std::lock_guard lock(mutex_);
      to_do_.push_back(&errand);
    }
    wake_.notify_one();
  }
}

bool HelperThreads::withdraw(Errand& errand) {
  if (errand.state_ != Errand::State::InLine) return false;
  errand.unlink();
  errand.state_ = Errand::State::Home;
  return true;
}

void HelperThreads::close_later(UniqueFd file) {
  {
    const std::lock_guard lock(mutex_);
    to_close_.push_back(std::move(file));
  }
  wake_.notify_one();
}

void HelperThreads::reap(std::vector<void*>& ready) {
  // The counter is read before the list is taken, or what is done between the two would be
  // announced to nobody.
  std::uint64_t announced = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(event_fd_.get(), &announced, sizeof(announced));
  std::vector<Errand*> done;
  done.reserve(queue_limit_);
  {
    const std::lock_guard lock(mutex_);
    done_.swap(done);
  }
  for (Errand* const errand : done) {
    std::erase(out_, errand);
    errand->state_ = Errand::State::Home;
    errand->returned(ready);
  }
  hand_over();
}

void HelperThreads::drain() {
  std::vector<void*> nobody;
  while (!out_.empty()) {
    pollfd done{event_fd_.get(), POLLIN, 0};
    if (::poll(&done, 1, -1) > 0) reap(nobody);
  }
}

bool HelperThreads::works_for(const void* owner) const {
  return std::any_of(out_.begin(), out_.end(),
                     [=](const Errand* errand) { return errand->owner_ == owner; });
}

// A helper's life.
void HelperThreads::work() noexcept {
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
    Errand& errand = *to_do_.front();
    to_do_.erase(to_do_.begin());
    lock.unlock();
    errand.run(sys_);
    lock.lock();
    done_.push_back(&errand);
    lock.unlock();  // the loop is about to wake, and would meet the lock
    announce(event_fd_.get());
    lock.lock();
  }
}

}  // namespace aws
