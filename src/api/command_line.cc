#include "aws/command_line.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

namespace aws {
namespace {

constexpr long kMostPorts = 65'535;
constexpr long kMostThreads = 1024;

[[noreturn]] void fail(const char* program, const std::string& what) {
  std::fprintf(stderr, "%s: %s; see %s --help\n", program, what.c_str(), program);
  std::exit(2);
}

void print_help(const char* program, std::string_view description) {
  std::printf(
      "%.*s\n\nUsage: %s [--port N] [--threads N]\n\n"
      "  --port N     the port to listen on; 0 (the default): the kernel chooses one\n"
      "  --threads N  event loops, one on each thread; 0: as many as CPUs (default: 1)\n"
      "  --help       print this and exit\n\n"
      "SIGTERM or SIGINT stops it.\n",
      static_cast<int>(description.size()), description.data(), program);
}

std::optional<long> number_in(std::string_view text, long most) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool fits = error == std::errc() && end == text.data() + text.size() && value >= 0;
  return fits && value <= most ? std::optional(value) : std::nullopt;
}

}  // namespace

ServerOptions parse_command_line(int argc, char** argv, std::string_view description,
                                 ServerOptions options) {
  const char* const program = argc > 0 ? argv[0] : "server";
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--help") {
      print_help(program, description);
      std::exit(0);
    }
    if (name != "--port" && name != "--threads") fail(program, "unknown argument " + name);
    if (i + 1 == argc) fail(program, name + " needs a number");
    const std::string text = argv[++i];
    const long most = name == "--port" ? kMostPorts : kMostThreads;
    const std::optional<long> value = number_in(text, most);
    if (!value) {
      fail(program, name + " " + text + ": not a number from 0 to " + std::to_string(most));
    }
    if (name == "--port") {
      options.port = static_cast<std::uint16_t>(*value);
    } else {
      options.threads = static_cast<unsigned>(*value);
    }
  }
  return options;
}

void print_listening(std::string_view url) {
  std::printf("listening on %.*s\n", static_cast<int>(url.size()), url.data());
  std::fflush(stdout);
}

}  // namespace aws
