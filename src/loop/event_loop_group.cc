#include "loop/event_loop_group.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "os/cpus.h"
#include "os/event_fd.h"
#include "os/log.h"
#include "os/refused_calls.h"

namespace aws {

EventLoopGroup::EventLoopGroup(const LoopOptions& options, std::size_t count, bool pin)
    : shared_(options), ended_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), pin_(pin) {
  if (!ended_fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
  check_needed_calls();
  for (std::size_t i = 0; i < count; ++i)
    loops_.push_back(std::make_unique<EventLoop>(shared_, kernel_));
}

EventLoopGroup::~EventLoopGroup() {
  stop(Stop::AtOnce);
  join();
}

void EventLoopGroup::start() {
  start_from(0);
}

void EventLoopGroup::run() {
  start_from(1);
  run_loop(0);
  join();
}

void EventLoopGroup::start_from(std::size_t first) {
  running_ = loops_.size();
  try {
    for (std::size_t i = first; i < loops_.size(); ++i) {
      threads_.emplace_back([this, i] {
        ::pthread_setname_np(::pthread_self(), "aws-loop");
        run_loop(i);
      });
    }
  } catch (...) {
    stop(Stop::AtOnce);
    join();
    throw;
  }
}

void EventLoopGroup::run_loop(std::size_t index) noexcept {
  if (pin_) {
    const std::vector<int> cpus = usable_cpus();
    const int result = pin_this_thread(cpus[index % cpus.size()]);
    if (result < 0) log_warning("--pin: {}", std::strerror(-result));
  }
  loops_[index]->run();
  if (--running_ == 0) announce(ended_fd_.get());
}

void EventLoopGroup::stop(Stop stop) {
  Stop before = shared_.stop.load();
  while (stop > before && !shared_.stop.compare_exchange_weak(before, stop)) {
  }
  for (const auto& loop : loops_)
    loop->wake();
}

std::vector<std::string> EventLoopGroup::paths_of_running() const {
  std::vector<std::string> paths;
  for (const auto& loop : loops_) {
    if (loop->disk == nullptr) continue;
    const std::vector<std::string> more = loop->disk->threads().paths_of_running();
    paths.insert(paths.end(), more.begin(), more.end());
  }
  return paths;
}

void EventLoopGroup::join() {
  for (std::thread& thread : threads_)
    thread.join();
  threads_.clear();
}

std::uint64_t EventLoopGroup::sessions_opened() const {
  std::uint64_t sum = 0;
  for (const auto& loop : loops_)
    sum += loop->sessions_opened();
  return sum;
}

std::vector<StallFigures> EventLoopGroup::stall_figures() const {
  std::vector<StallFigures> each;
  for (const auto& loop : loops_)
    each.push_back(loop->stall_figures());
  return each;
}

EventLoop::Leftovers EventLoopGroup::leftovers() const {
  EventLoop::Leftovers sum;
  for (const auto& loop : loops_) {
    const EventLoop::Leftovers one = loop->leftovers();
    sum.sessions += one.sessions;
    sum.blocks += one.blocks;
    sum.reads += one.reads;
  }
  return sum;
}

}  // namespace aws
