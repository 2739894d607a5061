// OpenDescriptors: counts the descriptors that the process has open, for an audit.
#pragma once

#include <dirent.h>

#include <cstddef>
#include <memory>

namespace aws {

class OpenDescriptors {
 public:
  // Opens /proc/self/fd (proc(5)), which stays open: when descriptors have run out, they can still
  // be counted. Throws std::system_error if there is no /proc.
  OpenDescriptors();

  // Returns the number of open descriptors, that of /proc/self/fd included. The work is in
  // proportion to that number, whatever RLIMIT_NOFILE is.
  [[nodiscard]] std::size_t count() const;

 private:
  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  std::unique_ptr<DIR, Close> directory_;
};

}  // namespace aws
