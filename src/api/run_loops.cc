#include "api/run_loops.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "os/cpus.h"
#include "os/descriptor_limit.h"

namespace aws {
namespace {

constexpr std::size_t kReservedDescriptors = 64;  // for the loops, and for the program itself

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

StopSwitch::StopSwitch(bool on_signals) {
  if (!on_signals) return;
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) throw std::system_error(errno, std::generic_category(), "signalfd");
  ::pthread_sigmask(SIG_BLOCK, &set, &mask_before_);
}

StopSwitch::~StopSwitch() {
  if (signals_) ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void StopSwitch::stop() {
  raise(Stop::Gracefully);
}

void StopSwitch::raise(Stop stop) {
  const std::lock_guard lock(mutex_);
  stop_ = std::max(stop_, stop);
  if (running_ != nullptr) running_->stop(stop_);
}

// A signal has arrived; the first loop calls this.
void StopSwitch::on_events(Readiness /*readiness*/) noexcept {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof(signal)) == sizeof(signal)) {
    raise(next_);
    next_ = Stop::AtOnce;
  }
}

void StopSwitch::run(EventLoopGroup& group) {
  if (signals_) group.loop(0).watch(signals_.get(), *this);
  set_running(&group);
  struct Ended {
    StopSwitch& whose;
    ~Ended() { whose.set_running(nullptr); }
  };
  const Ended ended{*this};
  group.run();
}

void StopSwitch::set_running(EventLoopGroup* group) {
  const std::lock_guard lock(mutex_);
  running_ = group;
  if (group != nullptr) group->stop(stop_);
}

}  // namespace aws
