#include "os/thread_sleeps.h"

#include <sys/resource.h>

namespace aws {

std::int64_t thread_sleeps() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);  // cannot fail, with these arguments
  return usage.ru_nvcsw;
}

}  // namespace aws
