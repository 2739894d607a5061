#include "serve/document_root.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "os/file_system.h"
#include "serve/beneath_walk.h"
#include "serve/file_cache.h"

namespace aws {
namespace {

// O_NONBLOCK: open(2) of a FIFO must not wait for its writer. O_NOCTTY: nor a terminal become ours.
constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// RESOLVE_BENEATH gives up with EAGAIN when a rename races with a ".." (openat2(2)).
constexpr int kRaceRetries = 16;

// EPERM: a seccomp filter that does not know openat2.
bool is_unknown_call(int result) {
  return result == -ENOSYS || result == -EPERM;
}

}  // namespace

DocumentRoot::DocumentRoot(const std::string& folder)
    : folder_(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (!folder_) {
    throw std::runtime_error("document root " + folder + ": " + std::strerror(errno) +
                             "; name an existing folder with --root");
  }
  Sys sys;
  struct stat status {};
  if (sys.fstat(folder_.get(), status) == 0) device_ = status.st_dev;
  file_system_ = sys.file_system_of(folder_.get());
}

OpenedFile DocumentRoot::open(Lookup& lookup, std::string_view path) const {
  if (lookup.cache == nullptr) return open_anew(lookup, path);
  OpenedFile opened = lookup.cache->find(lookup.sys, path, lookup.now.monotonic_us);
  if (opened.file) return opened;
  opened = open_anew(lookup, path);
  if (opened.error == EMFILE || opened.error == ENFILE) {  // the cache's descriptors are to spare
    lookup.cache->clear();
    opened = open_anew(lookup, path);
  }
  if (opened.is_file() && !opened.hides_size) lookup.cache->keep(path, opened, lookup.now);
  return opened;
}

OpenedFile DocumentRoot::open_anew(Lookup& lookup, std::string_view path) const {
  OpenedFile opened;
  const std::string name(path.empty() ? "." : path);  // it ends in a NUL
  const int fd = open_beneath(lookup, name.c_str());
  if (fd < 0) {
    opened.error = -fd;
    return opened;
  }
  UniqueFd file(fd);
  const int result = lookup.sys.fstat(fd, opened.status);
  opened.is_folder = result == 0 && S_ISDIR(opened.status.st_mode);
  if (result < 0) {
    opened.error = -result;
  } else if (S_ISREG(opened.status.st_mode)) {
    opened.error = judge_size(lookup, fd, opened);
  } else if (!opened.is_folder) {
    opened.error = ENOENT;
  }
  if (opened.error == 0) opened.file = SharedFd(std::move(file), lookup.closers);
  return opened;
}

bool DocumentRoot::may_hide_size(const struct stat& status) const {
  if (status.st_size > 0 && status.st_blocks > 0) return false;
  return status.st_dev != device_ || hides_size(file_system_, status.st_size);
}

// Sets opened.hides_size of the regular file `file`: 0, or EAGAIN with lookup.would_sleep, since
// statfs(2) of a network's file system may take long.
int DocumentRoot::judge_size(Lookup& lookup, int file, OpenedFile& opened) const {
  opened.hides_size = may_hide_size(opened.status);
  if (!opened.hides_size || opened.status.st_dev == device_) return 0;
  if (!lookup.may_sleep) {
    lookup.would_sleep = true;
    return EAGAIN;
  }
  opened.hides_size = hides_size(lookup.sys.file_system_of(file), opened.status.st_size);
  return 0;
}

int DocumentRoot::open_beneath(Lookup& lookup, const char* path) const {
  if (!lookup.may_sleep) {
    if (lookup.would_sleep) return -EAGAIN;  // all of it will be looked up again
    const int fd = open_cached(lookup.sys, path);
    lookup.would_sleep = fd == -EAGAIN;
    return fd;
  }
  for (int attempt = 0; attempt < kRaceRetries && !lacks_openat2_.load(); ++attempt) {
    const int fd = lookup.sys.open_beneath(folder_.get(), path, kReadFlags, false);
    if (is_unknown_call(fd)) {
      lacks_openat2_ = true;
    } else if (fd != -EAGAIN) {
      return fd;
    }
  }
  return BeneathWalk(lookup.sys, folder_.get()).open(path, kReadFlags);
}

// -EAGAIN whenever more than the cache would have to be asked.
int DocumentRoot::open_cached(Sys& sys, const char* path) const {
  if (lacks_openat2_.load()) return -EAGAIN;
  const int fd = sys.open_beneath(folder_.get(), path, kReadFlags, true);
  return is_unknown_call(fd) || fd == -EINVAL ? -EAGAIN : fd;  // EINVAL: before Linux 5.12
}

}  // namespace aws
