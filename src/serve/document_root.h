// DocumentRoot: opens files by their path beneath the root, and never a file outside it.
//
// The root is a path too. It is looked up again if the last lookup is a second old, because a
// deployment may switch a symbolic link to another tree, rename directories or mount over them.
// While the root does not exist, every path is ENOENT.
//
// openat2(2) with RESOLVE_BENEATH resolves a path in one call. If the kernel does not support it,
// BeneathWalk resolves the path one component at a time.
// Immutable after construction: all threads share one object. The result of a lookup is in an
// OpenedRoot, which each loop and each task has for itself.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "os/unique_fd.h"
#include "serve/lookup.h"
#include "serve/opened_file.h"
#include "serve/opened_root.h"

namespace aws {

class DocumentRoot {
 public:
  // A relative `path` is resolved against the current directory of the time of this call. Throws
  // std::runtime_error, with a message that says what to do, if `path` names no directory.
  explicit DocumentRoot(const std::string& path);

  // The absolute path of the root, without symbolic links, at the time of construction.
  [[nodiscard]] const std::string& absolute_path() const { return absolute_path_; }

  // Opens `path`, relative to the root, for reading; "" is the root itself. Symbolic links are
  // followed as long as they stay beneath the root (EXDEV). Never blocks on a FIFO or a device:
  // returns ENOENT for anything but regular files and directories. Returns EAGAIN and sets
  // lookup.would_sleep if the kernel would have to read from the disk.
  [[nodiscard]] OpenedFile open(Lookup& lookup, std::string_view path) const;

  // Looks the root up again if `root` is closed or too old for lookup.now. Returns 0, or an errno
  // value after closing `root`. If the path names another directory than before, drops all files
  // in lookup.cache.
  [[nodiscard]] int look_up(Lookup& lookup, OpenedRoot& root) const;

 private:
  [[nodiscard]] OpenedFile open_uncached(Lookup& lookup, const OpenedRoot& root,
                                         std::string_view path) const;
  [[nodiscard]] int judge_size(Lookup& lookup, const OpenedRoot& root, int file,
                               OpenedFile& opened) const;
  [[nodiscard]] int open_beneath(Lookup& lookup, int root, const char* path) const;
  [[nodiscard]] int open_cached(Sys& sys, int root, const char* path) const;
  [[nodiscard]] int open_root(Lookup& lookup) const;
  [[nodiscard]] int identify(Lookup& lookup, int directory, OpenedRoot& root) const;

  std::string path_;
  std::string absolute_path_;
  UniqueFd base_;     // the directory that a relative path starts from; closed if path_ is absolute
  OpenedRoot first_;  // the result of the constructor's lookup, with its directory closed
  mutable std::atomic<bool> lacks_openat2_ = false;
};

}  // namespace aws
