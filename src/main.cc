// aws: reads the command line, starts the event loops, waits for a signal, ends them.
#include <fmt/core.h>
#include <sys/poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iterator>
#include <limits>
#include <new>
#include <optional>
#include <system_error>

#include "loop/stall_report.h"
#include "options.h"
#include "os/descriptor_limit.h"
#include "os/listener.h"
#include "os/log.h"
#include "os/open_descriptors.h"
#include "os/standard_streams.h"
#include "os/stop_signals.h"
#include "serve/resources.h"
#include "server/access_log.h"
#include "server/http_server.h"
#include "server/tracer.h"

namespace aws {
namespace {

constexpr unsigned kLastWaitS = 3;      // after the second signal
constexpr std::size_t kForAClient = 3;  // descriptors: its socket, its file, a task's root

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
  print_to_stdout("aws: serving {} on http://{}:{}/ ({} thread{})\n",
                  absolute_path(options.site.root), host, port, options.threads,
                  options.threads == 1 ? "" : "s");
}

enum class Came : std::uint8_t { Signal, End, TooLate };

// Waits for `fd` to be readable, for all loops to end, or for `within` to pass.
Came next_of(const EventLoopGroup& loops, int fd, std::chrono::milliseconds within) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point limit = Clock::now() + within;
  pollfd watched[] = {{fd, POLLIN, 0}, {loops.ended_fd(), POLLIN, 0}};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - Clock::now()).count();
    const int timeout_ms = static_cast<int>(std::max<std::int64_t>(left, 0));
    const int count = ::poll(watched, std::size(watched), timeout_ms);
    if (count == 0 && Clock::now() >= limit) return Came::TooLate;
    if (count > 0) return watched[1].revents != 0 ? Came::End : Came::Signal;
  }
}

// The loops should have closed all connections by now. If they wait for threads, most likely for a
// mount that does not answer, exits: such a thread cannot be ended, except with the process.
void exit_without_threads(const EventLoopGroup& loops) {
  const std::vector<std::string> paths = loops.paths_of_running();
  if (paths.empty()) return;
  ::alarm(kLastWaitS);  // for a log that nobody reads
  for (const std::string& path : paths)
    log_warning("a thread still waits for {}", path.empty() ? "a file to be closed" : path);
  log_warning("the server exits without waiting any longer");
  ::_exit(1);
}

// Returns when all loops have ended. The first signal lets running answers finish, the second one
// cuts them.
void wait_for_end(EventLoopGroup& loops, const StopSignals& signals, std::int64_t grace_us) {
  constexpr auto kForever = std::chrono::milliseconds(std::numeric_limits<int>::max());
  constexpr auto kForThreads = std::chrono::seconds(kLastWaitS - 1);  // before the alarm
  Came came = Came::TooLate;
  while (came == Came::TooLate)
    came = next_of(loops, signals.first(), kForever);
  if (came == Came::End) return;
  loops.stop(Stop::Gracefully);
  log_info("stopping when running answers are finished");
  const auto grace =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(grace_us));
  auto limit = std::min<std::chrono::milliseconds>(kForever, grace + kForThreads);
  while ((came = next_of(loops, signals.second(), limit)) == Came::TooLate) {
    exit_without_threads(loops);
    limit = kForThreads;
  }
  if (came == Came::End) return;
  loops.stop(Stop::AtOnce);
  log_info("stopping at once");
  while (next_of(loops, -1, kForThreads) == Came::TooLate)
    exit_without_threads(loops);
}

// Logs a line, and with --stalls the details.
void report_stalls(const EventLoopGroup& group, const Options& options) {
  const std::vector<StallFigures> loops = group.stall_figures();
  StallFigures all;
  for (const StallFigures& loop : loops)
    all.add(loop);
  log_info("{}", summary(all));
  if (!options.stalls) return;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    print_to_stderr("aws: stalls: loop {}: {}; slept {} times outside epoll_wait\n", i,
                    summary(loops[i]), loops[i].slept);
  }
  print_to_stderr("{}", drawing(all.turns));
}

EventLoop::Leftovers serve(const Options& options) {
  const StopSignals signals(kLastWaitS);
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
  check_free_descriptors(kForAClient + options.threads);
  const DiskIo& disk_io = *loops.loop(0).disk;
  if (!disk_io.aio().has_ring()) log_warning("kernel AIO is refused here: threads read files");
  if (!disk_io.can_sendfile()) log_warning("sendfile is refused here: /static is read and sent");
  loops.start();
  say_where(options, port);
  wait_for_end(loops, signals, options.loops.grace_us);
  loops.join();

  const HttpCounters sum = server.counters();
  log_info("{} answers on {} connections; {} timed out, {} cut by clients, {} by files",
           sum.answers, loops.sessions_opened(), sum.timeouts, sum.peer_failures,
           sum.file_failures);
  const std::string disk = summary(server.disk_counters());
  if (!disk.empty()) log_info("disk: {}", disk);
  report_stalls(loops, options);
  if (access_log) access_log->finish();
  if (access_log && access_log->lost() > 0) {
    log_warning("{} lines of the access log were lost", access_log->lost());
  }
  return loops.leftovers();
}

// What an operator can do about a resource that the kernel refuses at start.
const char* advice(const std::error_code& error) {
  switch (error.value()) {
    case EAGAIN:  // pthread_create(3)
      return "no thread can be started; raise `ulimit -u` or `-v`, or lower --threads or "
             "--helper-threads";
    case EMFILE:
    case ENFILE:
      return "raise `ulimit -n` or fs.file-max, or lower --threads";
    case ENOSPC:  // epoll_ctl(2)
      return "raise fs.epoll.max_user_watches";
    case ENOMEM:
      return "free memory, or lower --threads";
    default:
      return "the kernel or a sandbox refuses what the server needs";
  }
}

// Returns the exit status.
int run(const Options& options) {
  set_up_log(options.log_level);
  std::optional<OpenDescriptors> descriptors;
  if (options.audit) descriptors.emplace();
  const std::size_t descriptors_before = descriptors ? descriptors->count() : 0;
  const EventLoop::Leftovers left = serve(options);
  if (!options.audit) return 0;
  const std::size_t descriptors_left = descriptors->count() - descriptors_before;
  print_to_stderr("aws: audit: {} connections, {} descriptors, {} buffers, {} reads left\n",
                  left.sessions, descriptors_left, left.blocks, left.reads);
  return left.sessions + descriptors_left + left.blocks + left.reads == 0 ? 0 : 1;
}

}  // namespace
}  // namespace aws

int main(int argc, char** argv) {
  aws::open_standard_streams();
  aws::ignore_stray_signals();
  try {
    const aws::ParsedOptions parsed = aws::parse_options(argc, argv);
    return parsed.run ? aws::run(parsed.options) : parsed.exit_status;
  } catch (const std::bad_alloc&) {
    aws::write_to_stderr(
        "aws: memory has run out; lower --threads, --aio-blocks or --file-cache\n");
    return 1;
  } catch (const std::system_error& error) {
    aws::print_to_stderr("aws: {}; {}\n", error.what(), aws::advice(error.code()));
    return 1;
  } catch (const std::exception& error) {
    aws::print_to_stderr("aws: {}\n", error.what());
    return 1;
  }
}
