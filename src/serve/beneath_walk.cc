#include "serve/beneath_walk.h"

#include <fcntl.h>
#include <limits.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace aws {

int BeneathWalk::open(const std::string& path, int flags) {
  if (path.starts_with('/')) return -EXDEV;
  push_components(path);
  while (!to_visit_.empty()) {
    const std::string name = std::move(to_visit_.back());
    to_visit_.pop_back();
    if (name == ".") continue;
    if (name == "..") {
      if (folders_.empty()) return -EXDEV;
      folders_.pop_back();
      continue;
    }
    const bool last = to_visit_.empty();
    const int result =
        last ? sys_.open_at(folder(), name.c_str(), flags | O_NOFOLLOW) : enter(name);
    if (last && result >= 0) return result;
    const bool may_be_link = result == -ELOOP || result == -ENOTDIR;
    const int error = may_be_link ? follow(name) : result;
    if (error == -EINVAL) return result;  // readlinkat(2): it is no link after all
    if (error < 0) return error;
  }
  return sys_.open_at(folder(), ".", flags);  // the path ended in a folder it came back to
}

// Puts the components of `path` ahead of what is still to visit. A slash at the end is a last ".",
// so that what stands before it must be a folder (path_resolution(7)).
void BeneathWalk::push_components(std::string_view path) {
  if (path.ends_with('/')) to_visit_.emplace_back(".");
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (!name.empty()) to_visit_.emplace_back(name);
    path = slash == std::string_view::npos ? "" : path.substr(0, slash);
  }
}

// Steps down into the folder `name`: 0 or -errno.
int BeneathWalk::enter(const std::string& name) {
  if (folders_.size() == kDepthLimit) return -ENAMETOOLONG;
  const int fd =
      sys_.open_at(folder(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return fd;
  folders_.emplace_back(fd);
  return 0;
}

// Continues where the symbolic link `name` points to: 0 or -errno.
int BeneathWalk::follow(const std::string& name) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = sys_.readlink_at(folder(), name.c_str(), target);
  if (size < 0) return static_cast<int>(size);
  if (++links_ > kLinkLimit) return -ELOOP;
  const std::string_view path(target.data(), static_cast<std::size_t>(size));
  if (path.starts_with('/')) return -EXDEV;
  push_components(path);
  return 0;
}

}  // namespace aws
