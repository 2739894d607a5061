#include "server/fleet.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "os/cpus.h"
#include "os/event_fd.h"
#include "os/log.h"

namespace aws {

Fleet::Fleet(SharedState& shared, Listeners listeners, bool pin)
    : shared_(shared), ended_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), pin_(pin) {
  if (!ended_fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
  for (std::vector<UniqueFd>& sockets : listeners.per_loop) {
    servers_.push_back(std::make_unique<Server>(shared, std::move(sockets), kernel_));
  }
}

Fleet::~Fleet() {
  stop(Stop::AtOnce);
  join();
}

void Fleet::start() {
  running_ = servers_.size();
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    threads_.emplace_back([this, i] { run_loop(i); });
  }
}

void Fleet::run_loop(std::size_t index) noexcept {
  ::pthread_setname_np(::pthread_self(), "aws-loop");
  if (pin_) {
    const std::vector<int> cpus = usable_cpus();
    const int result = pin_this_thread(cpus[index % cpus.size()]);
    if (result < 0) log_warning("--pin: {}", std::strerror(-result));
  }
  servers_[index]->run();
  if (--running_ > 0) return;
  announce(ended_fd_.get());
}

void Fleet::stop(Stop stop) {
  if (stop > shared_.stop.load()) shared_.stop = stop;
  for (const auto& server : servers_)
    server->wake();
}

void Fleet::join() {
  for (std::thread& thread : threads_)
    thread.join();
  threads_.clear();
}

Counters Fleet::counters() const {
  Counters sum;
  for (const auto& server : servers_) {
    const Counters& one = server->counters();
    sum.connections += one.connections;
    sum.answers += one.answers;
    sum.time_outs += one.time_outs;
    sum.peer_failures += one.peer_failures;
    sum.file_failures += one.file_failures;
  }
  return sum;
}

DiskCounters Fleet::disk_counters() const {
  DiskCounters sum;
  for (const auto& server : servers_)
    sum.add(server->disk_counters());
  return sum;
}

std::vector<StallFigures> Fleet::stalls() const {
  std::vector<StallFigures> each;
  for (const auto& server : servers_)
    each.push_back(server->stalls());
  return each;
}

Server::Leftovers Fleet::leftovers() const {
  Server::Leftovers sum;
  for (const auto& server : servers_) {
    const Server::Leftovers one = server->leftovers();
    sum.connections += one.connections;
    sum.blocks += one.blocks;
    sum.reads += one.reads;
  }
  return sum;
}

}  // namespace aws
