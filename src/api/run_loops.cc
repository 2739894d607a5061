#include "api/run_loops.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>

#include "os/cpus.h"
#include "os/descriptor_limit.h"
#include "os/unique_fd.h"

namespace aws {
namespace {

constexpr std::size_t kReservedDescriptors = 64;  // for the loops, and for the program itself

// While it exists, SIGTERM and SIGINT are blocked in the calling thread, and in threads that it
// starts, and make fd() readable instead (signalfd(2)).
class StopSignals {
 public:
  StopSignals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGTERM);
    ::sigaddset(&set, SIGINT);
    fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd_) throw std::system_error(errno, std::generic_category(), "signalfd");
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~StopSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Takes a signal that has arrived; false if none has.
  [[nodiscard]] bool take() const {
    signalfd_siginfo signal{};
    return ::read(fd_.get(), &signal, sizeof(signal)) == sizeof(signal);
  }

 private:
  UniqueFd fd_;
  sigset_t before_{};
};

// Returns when all loops have ended. The first signal stops them gracefully, the second at once.
void wait_for_end(EventLoopGroup& group, const StopSignals& signals) {
  Stop next = Stop::Gracefully;
  for (;;) {
    std::array<pollfd, 2> watched{{{signals.fd(), POLLIN, 0}, {group.ended_fd(), POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;  // EINTR
    if (watched[1].revents != 0) return;
    if (!signals.take()) continue;
    group.stop(next);
    next = Stop::AtOnce;
  }
}

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
  if (on_signals) signals.emplace();
  {
    const std::lock_guard lock(mutex_);
    group.start();
    running_ = &group;
    if (stopped_) group.stop(Stop::Gracefully);
  }
  if (signals) wait_for_end(group, *signals);
  group.join();
  const std::lock_guard lock(mutex_);
  running_ = nullptr;
}

}  // namespace aws
