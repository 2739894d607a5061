#include "api/run_loops.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>

#include "os/cpus.h"
#include "os/descriptor_limit.h"
#include "os/poller.h"
#include "os/unique_fd.h"

namespace aws {
namespace {

constexpr std::size_t kReservedDescriptors = 64;  // for the loops, and for the program itself

// While it exists, SIGTERM and SIGINT are blocked in the calling thread, and in threads that it
// starts, and stop `group` instead: the first one gracefully, the second one at once. The group's
// first loop reads them (signalfd(2)).
class StopSignals final : public EventSource {
 public:
  explicit StopSignals(EventLoopGroup& group) : group_(group) {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGTERM);
    ::sigaddset(&set, SIGINT);
    fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd_) throw std::system_error(errno, std::generic_category(), "signalfd");
    group_.loop(0).watch(fd_.get(), *this);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~StopSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  void on_events(Readiness /*readiness*/) noexcept override {
    signalfd_siginfo signal{};
    while (::read(fd_.get(), &signal, sizeof(signal)) == sizeof(signal)) {
      group_.stop(next_);
      next_ = Stop::AtOnce;
    }
  }

 private:
  EventLoopGroup& group_;
  UniqueFd fd_;
  sigset_t before_{};
  Stop next_ = Stop::Gracefully;
};

}  // namespace

LoopOptions loop_options_of(const ServerOptions& options) {
  LoopOptions loops;
  const std::size_t descriptors = raise_descriptor_limit();
  const std::size_t most =
      descriptors > kReservedDescriptors ? descriptors - kReservedDescriptors : 1;
  loops.max_connections =
      options.max_connections == 0 ? most : std::min(options.max_connections, most);
  loops.grace_us = std::chrono::microseconds(options.drain_timeout).count();
  return loops;
}

std::size_t loop_count_of(const ServerOptions& options) {
  return options.threads == 0 ? usable_cpus().size() : options.threads;
}

void StopSwitch::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  if (running_ != nullptr) running_->stop(Stop::Gracefully);
}

void StopSwitch::run(EventLoopGroup& group, bool on_signals) {
  std::optional<StopSignals> signals;
  if (on_signals) signals.emplace(group);
  {
    const std::lock_guard lock(mutex_);
    running_ = &group;
    if (stopped_) group.stop(Stop::Gracefully);
  }
  struct Ended {
    StopSwitch& whose;
    ~Ended() {
      const std::lock_guard lock(whose.mutex_);
      whose.running_ = nullptr;
    }
  };
  const Ended ended{*this};
  group.run();
}

}  // namespace aws
