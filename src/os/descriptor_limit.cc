#include "os/descriptor_limit.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "os/unique_fd.h"

namespace aws {

std::size_t raise_descriptor_limit() noexcept {
  constexpr std::size_t kUsual = 1024;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUsual;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (limit.rlim_cur < limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<std::size_t>(limit.rlim_cur);
}

void check_free_descriptors(std::size_t count) {
  std::vector<UniqueFd> taken;
  for (std::size_t i = 0; i < count; ++i) {
    taken.emplace_back(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!taken.back()) {
      throw std::system_error(errno, std::generic_category(), "too few descriptors to serve");
    }
  }
}

}  // namespace aws
