// OpenedRoot: the document root as it was looked up last: an open directory, and what file system
// it is on. DocumentRoot fills it in.
//
// Each loop has one, and so has each errand that looks up paths: no two threads share one.
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "os/file_system.h"
#include "os/unique_fd.h"

namespace aws {

struct OpenedRoot {
  // Whether `status` is of the directory that this is, or was before it was closed.
  [[nodiscard]] bool is(const struct stat& status) const {
    return inode != 0 && status.st_dev == device && status.st_ino == inode;
  }
  [[nodiscard]] bool is(const OpenedRoot& other) const {
    return inode != 0 && other.device == device && other.inode == inode;
  }

  // Whether the size of the regular file that has this `status` is known only once somebody has
  // asked what file system it is on. False for all that occupies blocks of a disk, and for what is
  // on the root's own file system, unless that hides sizes.
  [[nodiscard]] bool may_hide_size(const struct stat& status) const {
    if (status.st_size > 0 && status.st_blocks > 0) return false;
    return status.st_dev != device || hides_size(file_system, status.st_size);
  }

  UniqueFd directory;  // O_PATH; holds nothing while the root is not known
  dev_t device = 0;
  ino_t inode = 0;  // 0: no root was found yet
  std::int64_t file_system = 0;
  std::int64_t looked_up_us = 0;  // Moment::monotonic_us
};

}  // namespace aws
