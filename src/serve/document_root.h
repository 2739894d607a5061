// DocumentRoot: a path becomes an open file, and never one outside the root.
//
// openat2(2) with RESOLVE_BENEATH does the work in one call. Where the kernel or a tool does not
// know it, BeneathWalk takes the same path a component at a time.
// Read-only once built: all threads share one.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "os/unique_fd.h"
#include "serve/lookup.h"
#include "serve/opened_file.h"

namespace aws {

class DocumentRoot {
 public:
  // Throws std::runtime_error, one line that says what to do, if `folder` is not one.
  explicit DocumentRoot(const std::string& folder);

  // Opens `path`, relative to the root, for reading; "" is the root itself. Symbolic links are
  // followed as long as they stay beneath the root (EXDEV). Never blocks on a FIFO or a device:
  // what is neither a regular file nor a folder is ENOENT. EAGAIN with lookup.would_sleep: the disk
  // would have to be asked.
  [[nodiscard]] OpenedFile open(Lookup& lookup, std::string_view path) const;

  // Whether the size of the regular file that has this `status` is known only once open() has asked
  // what file system it is on. False for all that occupies blocks of a disk, and for what is on the
  // root's own file system, unless that is of the kind.
  [[nodiscard]] bool may_hide_size(const struct stat& status) const;

 private:
  [[nodiscard]] OpenedFile open_anew(Lookup& lookup, std::string_view path) const;
  [[nodiscard]] int open_beneath(Lookup& lookup, const char* path) const;
  [[nodiscard]] int open_cached(Sys& sys, const char* path) const;

  [[nodiscard]] int judge_size(Lookup& lookup, int file, OpenedFile& opened) const;

  UniqueFd folder_;
  dev_t device_ = 0;
  std::int64_t file_system_ = 0;  // of the device
  mutable std::atomic<bool> lacks_openat2_ = false;
};

}  // namespace aws
