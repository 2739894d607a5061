// aws: reads the command line, starts the event loops, waits for a signal, ends them.
#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>

#include "loop/stall_report.h"
#include "options.h"
#include "os/event_fd.h"
#include "os/listener.h"
#include "os/log.h"
#include "os/unique_fd.h"
#include "serve/resources.h"
#include "server/access_log.h"
#include "server/http_server.h"
#include "server/tracer.h"

namespace aws {
namespace {

// Asked one by one, since to list /proc/self/fd a descriptor must be had, and there may be none.
std::size_t open_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::size_t count = 0;
  for (rlim_t fd = 0; fd < limit.rlim_cur; ++fd) {
    if (::fcntl(static_cast<int>(fd), F_GETFD) >= 0) ++count;
  }
  return count;
}

constexpr unsigned kLastWaitS = 3;  // for whoever was told to end at once

// SIGTERM and SIGINT are read from a descriptor, by no thread but the main one. Must run before
// any thread starts, since threads inherit the mask. SIGPIPE: a client that left is an error of
// one call, never our end.
UniqueFd take_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) throw std::system_error(errno, std::generic_category(), "signalfd");
  return signals;
}

// With its symbolic links, which may be turned elsewhere while the server runs.
std::string absolute_path(const std::string& path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error).lexically_normal();
  if (error) return path;
  return (absolute.has_filename() || absolute == "/" ? absolute : absolute.parent_path()).string();
}

void say_where(const Options& options, std::uint16_t port) {
  std::string host = options.listen.addresses.empty() ? "localhost" : options.listen.addresses[0];
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  fmt::print("aws: serving {} on http://{}:{}/ ({} thread{})\n", absolute_path(options.site.root),
             host, port, options.threads, options.threads == 1 ? "" : "s");
  std::fflush(stdout);
}

// The second signal arrives by a handler, since the main thread may hang in a write by then. What
// hangs on somebody else, such as a pipe that nobody reads, does not keep us longer than the alarm.
int second_signal_fd = -1;

void on_second_signal(int /*signal*/) {
  ::alarm(kLastWaitS);
  announce(second_signal_fd);
}

void expect_second_signal() {
  struct sigaction action {};
  action.sa_handler = on_second_signal;
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT}) {
    ::sigaction(signal, &action, nullptr);
    ::sigaddset(&set, signal);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

// Waits for `fd` to be readable, or for all loops to end: then false.
bool comes_before_end(const EventLoopGroup& loops, int fd) {
  pollfd watched[] = {{fd, POLLIN, 0}, {loops.ended_fd(), POLLIN, 0}};
  while (::poll(watched, std::size(watched), -1) < 0) {
  }
  return watched[1].revents == 0;
}

// Returns when all loops have ended: the first signal has them finish, the second end at once.
void wait_for_end(EventLoopGroup& loops, const UniqueFd& first_signal,
                  const UniqueFd& second_signal) {
  signalfd_siginfo taken{};  // else it would be pending still, and arrive as the second
  do {
    if (!comes_before_end(loops, first_signal.get())) return;
  } while (::read(first_signal.get(), &taken, sizeof(taken)) != sizeof(taken));
  second_signal_fd = second_signal.get();
  loops.stop(Stop::Gracefully);
  expect_second_signal();
  log_info("stopping when running answers are finished");
  if (!comes_before_end(loops, second_signal.get())) return;
  loops.stop(Stop::AtOnce);
  log_info("stopping at once");
  while (comes_before_end(loops, -1)) {
  }
}

// A line for everybody, the details for who asked.
void report_stalls(const EventLoopGroup& group, const Options& options) {
  const std::vector<StallFigures> loops = group.stall_figures();
  StallFigures all;
  for (const StallFigures& loop : loops)
    all.add(loop);
  log_info("{}", summary(all));
  if (!options.stalls) return;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    fmt::print(stderr, "aws: stalls: loop {}: {}; slept {} times outside epoll_wait\n", i,
               summary(loops[i]), loops[i].slept);
  }
  fmt::print(stderr, "{}", drawing(all.turns));
}

EventLoop::Leftovers serve(const Options& options) {
  const UniqueFd first_signal = take_signals();
  const UniqueFd second_signal(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!second_signal) throw std::system_error(errno, std::generic_category(), "eventfd");
  const Resources resources(options.site);
  std::optional<AccessLog> access_log;
  if (!options.access_log.empty()) access_log.emplace(options.access_log);
  Tracer tracer;
  const HttpSite site{.resources = resources,
                      .limits = options.http,
                      .access_log = access_log ? &*access_log : nullptr,
                      .tracer = options.trace ? &tracer : nullptr};

  Listeners listeners = open_listeners(options.listen, options.threads);
  const std::uint16_t port = listeners.port;
  HttpServer server(options.loops, site, std::move(listeners), options.pin);
  EventLoopGroup& loops = server.loops();
  loops.start();
  say_where(options, port);
  wait_for_end(loops, first_signal, second_signal);
  loops.join();

  const HttpCounters sum = server.counters();
  log_info("{} answers on {} connections; {} timed out, {} cut by clients, {} by files",
           sum.answers, loops.sessions_opened(), sum.timeouts, sum.peer_failures,
           sum.file_failures);
  const std::string disk = summary(server.disk_counters());
  if (!disk.empty()) log_info("disk: {}", disk);
  report_stalls(loops, options);
  if (access_log && access_log->lost() > 0) {
    log_warning("{} lines of the access log were lost", access_log->lost());
  }
  return loops.leftovers();
}

// Returns the exit status.
int run(const Options& options) {
  set_up_log(options.log_level);
  const std::size_t descriptors_before = options.audit ? open_descriptors() : 0;
  const EventLoop::Leftovers left = serve(options);
  if (!options.audit) return 0;
  const std::size_t descriptors_left = open_descriptors() - descriptors_before;
  fmt::print(stderr, "aws: audit: {} connections, {} descriptors, {} buffers, {} reads left\n",
             left.sessions, descriptors_left, left.blocks, left.reads);
  return left.sessions + descriptors_left + left.blocks + left.reads == 0 ? 0 : 1;
}

}  // namespace
}  // namespace aws

int main(int argc, char** argv) {
  try {
    const aws::ParsedOptions parsed = aws::parse_options(argc, argv);
    return parsed.run ? aws::run(parsed.options) : parsed.exit_status;
  } catch (const std::exception& error) {
    fmt::print(stderr, "aws: {}\n", error.what());
    return 1;
  }
}
