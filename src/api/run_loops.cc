#include "api/run_loops.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

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
  signals_.emplace();
  first_.fd = signals_->first();
  second_.fd = signals_->second();
}

void StopSwitch::stop() {
  raise(Stop::Gracefully);
}

void StopSwitch::raise(Stop stop) {
  const std::lock_guard lock(mutex_);
  stop_ = std::max(stop_, stop);
  if (running_ != nullptr) running_->stop(stop_);
}

// The first loop calls this.
void StopSwitch::Signal::on_events(Readiness /*readiness*/) noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t size = ::read(fd, &count, sizeof(count));
  stop_switch.raise(meaning);
}

void StopSwitch::run(EventLoopGroup& group) {
  if (signals_) {
    group.loop(0).watch(first_.fd, first_);
    group.loop(0).watch(second_.fd, second_);
  }
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
