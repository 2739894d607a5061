#include "serve/version_of.h"

#include <cstdint>

namespace aws {

FileVersion version_of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified = {status.st_mtim.tv_sec, status.st_mtim.tv_nsec},
          .changed = {status.st_ctim.tv_sec, status.st_ctim.tv_nsec}};
}

FileTime wall_time(const Moment& moment) {
  return {moment.wall_s, moment.wall_ns};
}

}  // namespace aws
