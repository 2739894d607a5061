#include "options.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "http/byte_order_mark.h"
#include "os/cpus.h"
#include "os/descriptor_limit.h"
#include "os/standard_streams.h"
#include "site_options.h"

namespace aws {
namespace {

constexpr const char* kVersion = "aws 1.0.0";
constexpr std::size_t kMostThreads = 1024;
constexpr std::size_t kMostConnections = 1'000'000;
constexpr std::size_t kMostAioBlocks = 65'536;  // fs.aio-max-nr's default
constexpr const char* kAnnounced = "announced";
constexpr const char* kPlain = "plain";
constexpr std::size_t kProcessDescriptors = 16;          // used by the process itself, at most
constexpr std::size_t kCacheShare = 8;                   // of all descriptors: one in so many
constexpr std::size_t kPerFile = 2;                      // of those: its own and its folder's
constexpr std::size_t kMostImageKib = 64 * 1024 * 1024;  // 64 GiB
constexpr int kLongestS = 1'000'000;                     // eleven days

constexpr const char* kDescription =
    "Serves files over HTTP/1.1: /static/... by sendfile(2), /dynamic/... by kernel AIO.";

constexpr const char* kFooter =
    "The document root is --root, else $AWS_DOCUMENT_ROOT, else the current folder when it holds\n"
    "static/ or dynamic/, else ./www. Exit status: 0 after a stop by SIGTERM or SIGINT, 1 if the\n"
    "server cannot start or --audit finds something left, 2 for a bad command line.";

// Everything the options are parsed into before they become Options: times in seconds.
struct Raw {
  Options options;
  std::size_t port = 8888;
  double header_timeout_s = 10;
  double idle_timeout_s = 60;
  double send_timeout_s = 60;
  double grace_s = 10;
  std::string engine = kAnnounced;
  std::size_t image_cache_kib = 4096;
  std::optional<double> max_stall_ms;
  bool no_keep_alive = false;
};

// Returns how many descriptors a loop uses with no connection and an empty cache: for epoll, the
// timer, two eventfds, the document root, another root for each task, and its listening sockets.
std::size_t descriptors_per_loop(const Options& options) {
  const std::size_t listeners = std::max<std::size_t>(options.listen.addresses.size(), 1);
  return 5 + options.loops.disk->helper_threads + listeners;
}

// Lowers options.threads, with a message, until every loop has descriptors for a connection and the
// file that it sends.
void fit_threads(std::size_t descriptors, Options& options) {
  const std::size_t reserved = kProcessDescriptors + descriptors / kCacheShare;
  const std::size_t room = descriptors > reserved ? descriptors - reserved : 0;
  const std::size_t most = std::max<std::size_t>(room / (descriptors_per_loop(options) + 2), 1);
  if (options.threads <= most) return;
  print_to_stderr("aws: --threads {} is lowered to {}: RLIMIT_NOFILE ({}) allows no more\n",
                  options.threads, most, descriptors);
  options.threads = most;
}

// Returns how many connections there are descriptors for. Each may need another for its file.
std::size_t most_connections(std::size_t descriptors, const Options& options) {
  const std::size_t cache = kPerFile * options.http.file_cache;
  const std::size_t reserved =
      kProcessDescriptors + options.threads * (descriptors_per_loop(options) + cache);
  const std::size_t room = descriptors > reserved ? descriptors - reserved : 1;
  return std::clamp<std::size_t>(room, 1, kMostConnections);
}

std::string find_root() {
  if (const char* const from_environment = std::getenv("AWS_DOCUMENT_ROOT")) {
    if (*from_environment != '\0') return from_environment;
  }
  const bool here =
      std::filesystem::is_directory("static") || std::filesystem::is_directory("dynamic");
  return here ? "." : "./www";
}

std::string check_address(const std::string& text) {
  in6_addr buffer{};
  const bool numeric = ::inet_pton(AF_INET, text.c_str(), &buffer) == 1 ||
                       ::inet_pton(AF_INET6, text.c_str(), &buffer) == 1;
  return numeric ? "" : text + " is not a numeric IPv4 or IPv6 address";
}

// For times. CLI::Range would let "nan" pass.
CLI::Validator time_from(double shortest, int longest, const char* unit) {
  const auto check = [shortest, longest, unit](const std::string& text) -> std::string {
    double time = 0;
    const bool fits = CLI::detail::lexical_cast(text, time) && time >= shortest && time <= longest;
    return fits ? "" : fmt::format("{} is not from {} to {} {}", text, shortest, longest, unit);
  };
  return {check, ""};
}

CLI::Validator seconds_from(double shortest) {
  return time_from(shortest, kLongestS, "seconds");
}

// The format of --config: CLI11's, behind a byte-order mark or none.
class ConfigFormat final : public CLI::ConfigBase {
 public:
  [[nodiscard]] std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::string text;
    for (std::string line; std::getline(input, line);)
      text += line + '\n';
    std::istringstream unmarked{std::string(without_byte_order_mark(text))};
    return CLI::ConfigBase::from_config(unmarked);
  }
};

void add_listening(CLI::App& app, Raw& raw) {
  Options& options = raw.options;
  app.add_option("--root", options.site.root, "Document root (see below)")
      ->type_name("FOLDER")
      ->check([](const std::string& text) { return text.empty() ? "the name is empty" : ""; });
  app.add_option("--bind", options.listen.addresses,
                 "Address to listen on, numeric; repeatable (default: all, IPv6 and IPv4)")
      ->type_name("ADDR")
      ->allow_extra_args(false)
      ->default_str("")
      ->check(CLI::Validator(check_address, ""));
  app.add_option("--port", raw.port, "Port; 0 has the kernel choose one")
      ->type_name("N")
      ->check(CLI::Range(0, 65535));
  app.add_option("--threads", options.threads, "Event loops, one a thread (default here: the CPUs)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kMostThreads));
  app.add_flag("--pin", options.pin, "Bind each event loop to a CPU");
}

void add_limits(CLI::App& app, Raw& raw) {
  const CLI::Validator seconds = seconds_from(0.001);
  HttpLimits& http = raw.options.http;
  DiskLimits& disk = *raw.options.loops.disk;
  app.add_option("--max-connections", raw.options.loops.max_connections,
                 "Connections open at a time; more wait (default: what RLIMIT_NOFILE allows)")
      ->type_name("N")
      ->default_str("")
      ->check(CLI::Range(std::size_t{1}, kMostConnections));
  app.add_option("--header-timeout", raw.header_timeout_s,
                 "For a whole request to arrive; then 408")
      ->type_name("SECONDS")
      ->check(seconds);
  app.add_option("--idle-timeout", raw.idle_timeout_s, "Between requests on a kept connection")
      ->type_name("SECONDS")
      ->check(seconds);
  app.add_option("--send-timeout", raw.send_timeout_s,
                 "For a client that takes no byte of an answer")
      ->type_name("SECONDS")
      ->check(seconds);
  app.add_option("--grace", raw.grace_s, "For running answers to finish after SIGTERM or SIGINT")
      ->type_name("SECONDS")
      ->check(seconds_from(0));
  app.add_option("--aio-blocks", disk.aio_blocks,
                 "Blocks of 256 KiB that a loop reads /dynamic files into; more reads wait")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kMostAioBlocks));
  app.add_option(
         "--sentinels", disk.sentinels,
         "Reads of cold /static and /dynamic files that a loop has announced to it at a time")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kMostAioBlocks));
  app.add_option("--helper-threads", disk.helper_threads,
                 "Threads of each loop for what may sleep: opening uncached paths, listing")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kMostThreads));
  app.add_option("--helper-queue", disk.helper_queue,
                 "Tasks that a loop's helper threads are given at a time; more wait in order")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kMostAioBlocks));
  app.add_option("--file-cache", http.file_cache,
                 "Files that a loop keeps open, for a second at most; 0: none")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{0}, kMostConnections));
  app.add_option("--image-cache", raw.image_cache_kib,
                 "KiB of finished answers with small /static files that a loop keeps; 0: none")
      ->type_name("KIB")
      ->check(CLI::Range(std::size_t{0}, kMostImageKib));
  app.add_option("--engine", raw.engine,
                 "announced: the loop never waits for a disk; plain: it just reads, and waits")
      ->type_name("NAME")
      ->check(CLI::IsMember({kAnnounced, kPlain}));
  app.add_flag("--no-keep-alive", raw.no_keep_alive, "One request a connection");
}

void add_seeing(CLI::App& app, Raw& raw) {
  Options& options = raw.options;
  app.add_option("--access-log", options.access_log,
                 "Append a line an answer: Combined format, microseconds, engine; - is stdout")
      ->type_name("FILE");
  app.add_option("--log-level", options.log_level, "What the server says of itself on stderr")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}));
  app.add_flag("--trace", options.trace, "Print every step of every connection on stderr");
  app.add_option("--max-stall", raw.max_stall_ms,
                 "Warn of each longer turn of a loop, and tell what held it; one line a second")
      ->type_name("MS")
      ->check(time_from(0.001, kLongestS, "milliseconds"));
  app.add_flag("--stalls", options.stalls,
               "At the end, print how long turns took, and how often loops slept elsewhere");
  app.add_flag("--audit", options.audit,
               "At the end, print what is left open, and fail if anything is");
}

std::int64_t to_us(double seconds) {
  return static_cast<std::int64_t>(seconds * 1e6);
}

Options checked(const Raw& raw) {
  Options options = raw.options;
  if (options.site.root.empty()) options.site.root = find_root();
  options.listen.port = static_cast<std::uint16_t>(raw.port);
  options.http.header_timeout_us = to_us(raw.header_timeout_s);
  options.http.idle_timeout_us = to_us(raw.idle_timeout_s);
  options.http.send_timeout_us = to_us(raw.send_timeout_s);
  options.loops.grace_us = to_us(raw.grace_s);
  options.loops.disk->engine = raw.engine == kPlain ? Engine::Plain : Engine::Announced;
  StallWatch& watch = options.loops.stall_watch.emplace();
  if (raw.max_stall_ms) watch.limit_us = to_us(*raw.max_stall_ms / 1e3);
  watch.times_calls = options.stalls || raw.max_stall_ms;
  watch.counts_sleeps = options.stalls;
  options.http.image_cache = raw.image_cache_kib * 1024;
  options.http.keep_alive = !raw.no_keep_alive;

  const std::size_t descriptors = raise_descriptor_limit();
  fit_threads(descriptors, options);
  options.http.file_cache =
      std::min(options.http.file_cache, descriptors / kCacheShare / kPerFile / options.threads);
  const std::size_t most = most_connections(descriptors, options);
  std::size_t& wanted = options.loops.max_connections;
  if (wanted > most) {
    print_to_stderr("aws: --max-connections {} is more than RLIMIT_NOFILE allows: {} it is\n",
                    wanted, most);
  }
  // Unless the operator knows that most will be idle: each may need a file of its own, too.
  wanted = wanted == 0 ? std::max<std::size_t>(most / 2, 1) : std::min(wanted, most);
  return options;
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  Raw raw;
  raw.options.threads = usable_cpus().size();
  raw.options.loops.disk.emplace();
  raw.options.loops.max_connections = 0;  // what RLIMIT_NOFILE allows
  raw.options.http.file_cache = 2048;
  raw.options.log_level = "info";

  CLI::App app(kDescription, "aws");
  app.option_defaults()->always_capture_default();
  app.footer(kFooter);
  app.set_version_flag("--version", kVersion, "Print the version and exit");
  app.config_formatter(std::make_shared<ConfigFormat>());
  app.set_config("--config", "", "Read options from FILE: lines of name = value")
      ->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  add_listening(app, raw);
  add_site_options(app, raw.options.site);
  add_limits(app, raw);
  add_seeing(app, raw);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& answered) {  // --help, --version
    return {.options = {}, .run = false, .exit_status = app.exit(answered)};
  } catch (const CLI::ParseError& error) {
    print_to_stderr("aws: {}; see aws --help\n", error.what());
    return {.options = {}, .run = false, .exit_status = 2};
  }
  return {.options = checked(raw), .run = true, .exit_status = 0};
}

}  // namespace aws
