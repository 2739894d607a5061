#include "serve/document_root.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "os/file_system.h"
#include "os/mount_points.h"
#include "serve/beneath_walk.h"
#include "serve/file_cache.h"

namespace aws {
namespace {

// O_NONBLOCK: open(2) of a FIFO must not wait for a writer. O_NOCTTY: a terminal must not become
// the controlling terminal of the process.
constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// RESOLVE_BENEATH gives up with EAGAIN when a rename races with a ".." (openat2(2)).
constexpr int kRaceRetries = 16;

// EPERM: a seccomp filter rejects openat2.
bool is_unknown_call(int result) {
  return result == -ENOSYS || result == -EPERM;
}

// Returns true if open(2) failed because no descriptors are left.
bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE;
}

}  // namespace

DocumentRoot::DocumentRoot(const std::string& path) : path_(path) {
  if (!path.starts_with('/')) base_ = UniqueFd(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Sys sys;
  Lookup lookup{.sys = sys};
  const int error = look_up(lookup, first_);
  if (error != 0) {
    const char* const advice =
        is_shortage(error) ? "; raise `ulimit -n`" : "; name an existing directory with --root";
    throw std::runtime_error("document root " + path + ": " + std::strerror(error) + advice);
  }
  absolute_path_ = path_of(first_.directory.get());
  first_.directory.reset();
}

OpenedFile DocumentRoot::open(Lookup& lookup, std::string_view path) const {
  OpenedRoot own;
  OpenedRoot& root = lookup.root != nullptr ? *lookup.root : own;
  OpenedFile opened;
  opened.error = look_up(lookup, root);
  if (opened.error != 0) return opened;
  if (lookup.cache == nullptr) return open_uncached(lookup, root, path);
  opened = lookup.cache->find(lookup.sys, path, lookup.now.monotonic_us);
  if (opened.file) return opened;
  opened = open_uncached(lookup, root, path);
  if (is_shortage(opened.error)) {  // the cache gives up its descriptors
    lookup.cache->clear();
    opened = open_uncached(lookup, root, path);
  }
  if (opened.is_file() && !opened.hides_size) lookup.cache->keep(path, opened, lookup.now);
  return opened;
}

int DocumentRoot::look_up(Lookup& lookup, OpenedRoot& root) const {
  if (root.directory && (lookup.cache == nullptr || lookup.cache->is_fresh(root, lookup.now))) {
    return 0;
  }
  const int fd = open_root(lookup);
  UniqueFd directory(fd < 0 ? -1 : fd);
  const int error = fd < 0 ? -fd : identify(lookup, fd, root);
  if (error != 0) {
    const bool is_gone = !lookup.would_sleep && !is_shortage(error);
    if (is_gone && lookup.cache != nullptr) lookup.cache->clear();  // no root, no files
    root.directory.reset();
    return error;
  }
  root.directory = std::move(directory);
  root.looked_up_us = lookup.now.monotonic_us;
  return 0;
}

// Returns a descriptor of the directory that path_ names now, or -errno.
int DocumentRoot::open_root(Lookup& lookup) const {
  const int base = base_ ? base_.get() : AT_FDCWD;
  if (lookup.may_sleep) return lookup.sys.open_directory(base, path_.c_str(), false);
  if (lookup.would_sleep) return -EAGAIN;  // the thread pool repeats the whole lookup
  int fd = lacks_openat2_.load() ? -ENOSYS : lookup.sys.open_directory(base, path_.c_str(), true);
  if (is_shortage(-fd) && lookup.cache != nullptr) {
    lookup.cache->clear();
    fd = lookup.sys.open_directory(base, path_.c_str(), true);
  }
  if (is_unknown_call(fd)) lacks_openat2_ = true;
  lookup.would_sleep = is_unknown_call(fd) || fd == -EAGAIN || fd == -EINVAL;  // see open_cached()
  return lookup.would_sleep ? -EAGAIN : fd;
}

// Records in `root` which directory `directory` is. Returns 0 or an errno value: EAGAIN with
// lookup.would_sleep if it is a new one, since statfs(2) may sleep.
int DocumentRoot::identify(Lookup& lookup, int directory, OpenedRoot& root) const {
  struct stat status {};
  const int result = lookup.sys.fstat(directory, status);
  if (result < 0) return -result;
  if (root.is(status)) return 0;
  if (!first_.is(status) && !lookup.may_sleep) {
    lookup.would_sleep = true;
    return EAGAIN;
  }
  if (lookup.cache != nullptr && root.inode != 0) lookup.cache->clear();
  root.device = status.st_dev;
  root.inode = status.st_ino;
  root.file_system = first_.is(status) ? first_.file_system : lookup.sys.file_system_of(directory);
  return 0;
}

OpenedFile DocumentRoot::open_uncached(Lookup& lookup, const OpenedRoot& root,
                                       std::string_view path) const {
  OpenedFile opened;
  const std::string name(path.empty() ? "." : path);  // NUL-terminated
  const int fd = open_beneath(lookup, root.directory.get(), name.c_str());
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
    opened.error = judge_size(lookup, root, fd, opened);
  } else if (!opened.is_folder) {
    opened.error = ENOENT;
  }
  if (opened.error == 0) opened.file = SharedFd(std::move(file), lookup.closers);
  return opened;
}

// Sets opened.hides_size of the regular file `file`. Returns 0, or EAGAIN with lookup.would_sleep:
// statfs(2) may wait for a network file system.
int DocumentRoot::judge_size(Lookup& lookup, const OpenedRoot& root, int file,
                             OpenedFile& opened) const {
  opened.hides_size = root.may_hide_size(opened.status);
  if (!opened.hides_size || opened.status.st_dev == root.device) return 0;
  if (!lookup.may_sleep) {
    lookup.would_sleep = true;
    return EAGAIN;
  }
  opened.hides_size = hides_size(lookup.sys.file_system_of(file), opened.status.st_size);
  return 0;
}

int DocumentRoot::open_beneath(Lookup& lookup, int root, const char* path) const {
  if (!lookup.may_sleep) {
    if (lookup.would_sleep) return -EAGAIN;  // the thread pool repeats the whole lookup
    const int fd = open_cached(lookup.sys, root, path);
    lookup.would_sleep = fd == -EAGAIN;
    return fd;
  }
  for (int attempt = 0; attempt < kRaceRetries && !lacks_openat2_.load(); ++attempt) {
    const int fd = lookup.sys.open_beneath(root, path, kReadFlags, false);
    if (is_unknown_call(fd)) {
      lacks_openat2_ = true;
    } else if (fd != -EAGAIN) {
      return fd;
    }
  }
  return BeneathWalk(lookup.sys, root).open(path, kReadFlags);
}

// Returns -EAGAIN if the path cannot be resolved from the kernel's caches alone.
int DocumentRoot::open_cached(Sys& sys, int root, const char* path) const {
  if (lacks_openat2_.load()) return -EAGAIN;
  const int fd = sys.open_beneath(root, path, kReadFlags, true);
  return is_unknown_call(fd) || fd == -EINVAL ? -EAGAIN : fd;  // EINVAL: before Linux 5.12
}

}  // namespace aws
