#include "os/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace aws {
namespace {

void write_to(std::FILE* stream, std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

}  // namespace

void open_standard_streams() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // It is the lowest free descriptor, so open(2) returns it.
    [[maybe_unused]] const int opened = ::open("/dev/null", O_RDWR);
  }
}

void write_to_stdout(std::string_view text) noexcept {
  write_to(stdout, text);
}

void write_to_stderr(std::string_view text) noexcept {
  write_to(stderr, text);
}

}  // namespace aws
