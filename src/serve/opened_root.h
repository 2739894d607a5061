// OpenedRoot: the result of the last lookup of the document root: an open directory and the type of
// its file system. DocumentRoot fills it in.
//
// Each loop has one, and each task that looks up paths has one: threads do not share it.
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "os/file_system.h"
#include "os/unique_fd.h"

namespace aws {

struct OpenedRoot {
  // Returns true if `status` describes this directory, which may have been closed since.
  [[nodiscard]] bool is(const struct stat& status) const {
    return inode != 0 && status.st_dev == device && status.st_ino == inode;
  }
  [[nodiscard]] bool is(const OpenedRoot& other) const {
    return inode != 0 && other.device == device && other.inode == inode;
  }

  // Returns true if st_size of this regular file cannot be trusted until statfs(2) reports its file
  // system. Returns false for files that occupy blocks, and for files on the root's own file
  // system unless that file system hides sizes.
  [[nodiscard]] bool may_hide_size(const struct stat& status) const {
    if (status.st_size > 0 && status.st_blocks > 0) return false;
    return status.st_dev != device || hides_size(file_system, status.st_size);
  }

  UniqueFd directory;  // O_PATH; closed while the root is not known
  dev_t device = 0;
  ino_t inode = 0;  // 0: no lookup has succeeded
  std::int64_t file_system = 0;
  std::int64_t looked_up_us = 0;  // Moment::monotonic_us
};

}  // namespace aws
