#include "server/tracer.h"

#include <fmt/core.h>
#include <unistd.h>

#include <string>

namespace aws {
namespace {

void print(const std::string& line) {
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void Tracer::record(std::uint64_t connection, State before, std::optional<Event> cause, State after,
                    std::optional<Want> want) {
  print(fmt::format("#{} {} --{}--> {}{}{}\n", connection, name(before),
                    cause ? name(*cause) : "at once", name(after), want ? ", wants " : "",
                    want ? name(*want) : ""));
}

void Tracer::note(std::uint64_t connection, std::string_view what) {
  print(fmt::format("#{} {}\n", connection, what));
}

}  // namespace aws
