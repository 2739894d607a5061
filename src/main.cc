// aws: reads the command line, starts the event loops, waits for a signal, ends them.
#include <fmt/format.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>

#include "options.h"
#include "os/listener.h"
#include "os/unique_fd.h"
#include "serve/resources.h"
#include "server/access_log.h"
#include "server/fleet.h"
#include "server/tracer.h"

namespace aws {
namespace {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

void set_up_log(const std::string& level) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("aws", std::move(sink));
  logger->set_pattern("aws: %l: %v");
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

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

void say_where(const Options& options, std::uint16_t port) {
  std::string host = options.listen.addresses.empty() ? "localhost" : options.listen.addresses[0];
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  const std::string root = std::filesystem::canonical(options.root).string();
  fmt::print("aws: serving {} on http://{}:{}/ ({} thread{})\n", root, host, port, options.threads,
             options.threads == 1 ? "" : "s");
  std::fflush(stdout);
}

// Returns when all loops have ended: the first signal has them finish, the second end at once.
void wait_for_end(Fleet& fleet, const UniqueFd& signals) {
  Stop next = Stop::Gracefully;
  pollfd watched[] = {{signals.get(), POLLIN, 0}, {fleet.ended_fd(), POLLIN, 0}};
  for (;;) {
    ::poll(watched, std::size(watched), -1);
    if (watched[1].revents != 0) return;
    signalfd_siginfo received{};
    if (::read(signals.get(), &received, sizeof(received)) != sizeof(received)) continue;
    spdlog::info(next == Stop::Gracefully ? "stopping when running answers are finished"
                                          : "stopping at once");
    fleet.stop(next);
    next = Stop::AtOnce;
  }
}

Server::Leftovers serve(const Options& options) {
  const UniqueFd signals = take_signals();
  const Resources resources(options.root);
  std::optional<AccessLog> access_log;
  if (!options.access_log.empty()) access_log.emplace(options.access_log);
  Tracer tracer;
  SharedState shared{.limits = options.limits,
                     .resources = resources,
                     .access_log = access_log ? &*access_log : nullptr,
                     .tracer = options.trace ? &tracer : nullptr};

  Listeners listeners = open_listeners(options.listen, options.threads);
  const std::uint16_t port = listeners.port;
  Fleet fleet(shared, std::move(listeners), options.pin);
  fleet.start();
  say_where(options, port);
  wait_for_end(fleet, signals);
  fleet.join();

  const Counters sum = fleet.counters();
  spdlog::info("{} answers on {} connections; {} timed out, {} cut by clients, {} by files",
               sum.answers, sum.connections, sum.time_outs, sum.peer_failures, sum.file_failures);
  if (access_log && access_log->lost() > 0) {
    spdlog::warn("{} lines of the access log were lost", access_log->lost());
  }
  return fleet.leftovers();
}

// Returns the exit status.
int run(const Options& options) {
  set_up_log(options.log_level);
  const std::size_t descriptors_before = open_descriptors();
  const Server::Leftovers left = serve(options);
  if (!options.audit) return 0;
  const std::size_t descriptors_left = open_descriptors() - descriptors_before;
  fmt::print(stderr, "aws: audit: {} connections, {} descriptors, {} buffers, {} reads left\n",
             left.connections, descriptors_left, left.blocks, left.reads);
  return left.connections + descriptors_left + left.blocks + left.reads == 0 ? 0 : 1;
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
