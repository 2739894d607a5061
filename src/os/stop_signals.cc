#include "os/stop_signals.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <stdexcept>
#include <system_error>

#include "os/event_fd.h"

namespace aws {
namespace {

constexpr std::array kRequests = {SIGTERM, SIGINT};  // caught always
constexpr std::array kUsually = {SIGHUP, SIGXCPU,
                                 SIGALRM};  // caught in place of the default action
constexpr std::array kStray = {SIGPIPE, SIGXFSZ,   SIGUSR1, SIGUSR2,  SIGIO,
                               SIGPWR,  SIGVTALRM, SIGPROF, SIGSTKFLT};

// What the handlers see of a StopSignals object.
struct Place {
  std::atomic<int> first = -1;  // -1: free
  std::atomic<int> second = -1;
};

std::array<Place, StopSignals::kMostObjects> places;
std::atomic<unsigned> last_wait_s = StopSignals::kNoLimit;
std::atomic<bool> had_first = false;

std::mutex mutex;  // guards the rest
std::size_t objects = 0;
std::array<struct sigaction, NSIG> before;
std::array<bool, NSIG> caught;

void on_stop_signal(int /*signal*/) {
  const int error = errno;
  const bool is_second = had_first.exchange(true);
  if (is_second && last_wait_s != StopSignals::kNoLimit) ::alarm(last_wait_s);
  for (const Place& place : places) {
    const int fd = is_second ? place.second : place.first;
    if (fd >= 0) announce(fd);
  }
  errno = error;
}

void on_alarm(int /*signal*/) {
  ::_exit(1);
}

void catch_signal(int signal) {
  struct sigaction action {};
  action.sa_handler = signal == SIGALRM ? on_alarm : on_stop_signal;
  action.sa_flags = SA_RESTART;
  const auto index = static_cast<std::size_t>(signal);
  caught[index] = ::sigaction(signal, &action, &before[index]) == 0;
}

bool has_default_action(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
}

// The parent may have left them blocked.
void unblock(const auto& signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals)
    ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void install_handlers() {
  had_first = false;
  for (const int signal : kRequests)
    catch_signal(signal);
  for (const int signal : kUsually) {
    if (signal == SIGALRM ? last_wait_s != StopSignals::kNoLimit : has_default_action(signal)) {
      catch_signal(signal);
    }
  }
  unblock(kRequests);
  unblock(kUsually);
}

void remove_handlers() {
  for (std::size_t i = 0; i < caught.size(); ++i) {
    if (caught[i]) ::sigaction(static_cast<int>(i), &before[i], nullptr);
  }
  caught = {};
  last_wait_s = StopSignals::kNoLimit;
}

UniqueFd new_event_fd() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

}  // namespace

StopSignals::StopSignals(unsigned last_wait) : first_(new_event_fd()), second_(new_event_fd()) {
  const std::lock_guard lock(mutex);
  while (place_ < places.size() && places[place_].first >= 0)
    ++place_;
  if (place_ == places.size()) throw std::length_error("too many servers stop on signals");
  if (last_wait != kNoLimit) last_wait_s = last_wait;
  places[place_].second = second_.get();
  places[place_].first = first_.get();
  if (objects++ == 0) install_handlers();
}

StopSignals::~StopSignals() {
  const std::lock_guard lock(mutex);
  if (--objects == 0) remove_handlers();
  places[place_].first = -1;
  places[place_].second = -1;
}

void ignore_stray_signals() noexcept {
  for (const int signal : kStray) {
    if (has_default_action(signal)) ::signal(signal, SIG_IGN);
  }
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) {
    if (has_default_action(signal)) ::signal(signal, SIG_IGN);
  }
}

}  // namespace aws
