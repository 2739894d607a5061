// MountPoints: which mounted file system a path leads to, found without asking that file system,
// which may not answer.
//
// An object is a snapshot: it does not notice later mounts. Any thread may use it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aws {

class MountPoints {
 public:
  // Reads /proc/self/mountinfo (proc_pid_mountinfo(5)). Without /proc there is one mount point:
  // "/".
  MountPoints();

  // Returns the mount point that contains the absolute `path`, by name: symbolic links are not
  // followed. Returns "" if `path` is not absolute.
  [[nodiscard]] std::string_view of(std::string_view path) const;

 private:
  std::vector<std::string> directories_;
};

// Returns the path of the file that is open as `file` (/proc/self/fd), or "".
[[nodiscard]] std::string path_of(int file);

}  // namespace aws
