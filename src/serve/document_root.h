// DocumentRoot: a path becomes an open file, and never one outside the root.
//
// The root itself is a path, too, and is looked up anew like everything beneath it, at most a
// second after the last time: a deployment may turn a symbolic link to another tree, rename
// directories or mount over them. Where there is no root for a moment, nothing is there (ENOENT).
//
// openat2(2) with RESOLVE_BENEATH does the work in one call. Where the kernel or a tool does not
// know it, BeneathWalk takes the same path a component at a time.
// Read-only once built: all threads share one. What was looked up is in an OpenedRoot, of which
// each loop and each errand has its own.
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
  // A relative `path` is relative to what is the current directory now. Throws std::runtime_error,
  // one line that says what to do, if it leads to no directory.
  explicit DocumentRoot(const std::string& path);

  // Opens `path`, relative to the root, for reading; "" is the root itself. Symbolic links are
  // followed as long as they stay beneath the root (EXDEV). Never blocks on a FIFO or a device:
  // what is neither a regular file nor a directory is ENOENT. EAGAIN with lookup.would_sleep: the
  // disk would have to be asked.
  [[nodiscard]] OpenedFile open(Lookup& lookup, std::string_view path) const;

  // Makes `root` be open, and looked up as lately as `lookup` asks for: 0, or an errno value, and
  // then it is closed. If it is another directory than before, all files in lookup.cache are
  // dropped.
  [[nodiscard]] int look_up(Lookup& lookup, OpenedRoot& root) const;

 private:
  [[nodiscard]] OpenedFile open_anew(Lookup& lookup, const OpenedRoot& root,
                                     std::string_view path) const;
  [[nodiscard]] int judge_size(Lookup& lookup, const OpenedRoot& root, int file,
                               OpenedFile& opened) const;
  [[nodiscard]] int open_beneath(Lookup& lookup, int root, const char* path) const;
  [[nodiscard]] int open_cached(Sys& sys, int root, const char* path) const;
  [[nodiscard]] int open_root(Lookup& lookup) const;
  [[nodiscard]] int identify(Lookup& lookup, int directory, OpenedRoot& root) const;

  std::string path_;
  UniqueFd base_;     // what a relative path begins at; holds nothing for an absolute one
  OpenedRoot first_;  // as it was at the beginning; closed
  mutable std::atomic<bool> lacks_openat2_ = false;
};

}  // namespace aws
