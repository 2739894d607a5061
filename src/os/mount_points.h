// Mount points: which mounted file system a path leads to, found without asking that file system,
// which may not answer.
#pragma once

#include <string>
#include <string_view>

namespace aws {

// Returns the mount point (proc_pid_mountinfo(5)) that contains the absolute `path`, by name: links
// are not followed. Returns "/" if there is no /proc, and "" if `path` is not absolute.
[[nodiscard]] std::string mount_point_of(std::string_view path);

// Returns the path of the file that is open as `file` (/proc/self/fd), or "".
[[nodiscard]] std::string path_of(int file);

}  // namespace aws
