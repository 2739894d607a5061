#include "os/open_descriptors.h"

#include <cerrno>
#include <string_view>
#include <system_error>

namespace aws {

OpenDescriptors::OpenDescriptors() : directory_(::opendir("/proc/self/fd")) {
  if (directory_ == nullptr) {
    throw std::system_error(errno, std::generic_category(), "--audit needs /proc/self/fd");
  }
}

std::size_t OpenDescriptors::count() const {
  ::rewinddir(directory_.get());
  std::size_t count = 0;
  while (const dirent* const entry = ::readdir(directory_.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") ++count;
  }
  return count;
}

}  // namespace aws
