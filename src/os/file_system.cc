#include "os/file_system.h"

#include <linux/magic.h>

namespace aws {
namespace {

// linux/magic.h lacks these.
constexpr std::int64_t kConfigfsMagic = 0x62656570;
constexpr std::int64_t kFusectlMagic = 0x65735543;
constexpr std::int64_t kNfsdMagic = 0x6e667364;

bool makes_bytes_when_read(std::int64_t file_system) {
  switch (file_system) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case SELINUX_MAGIC:
    case SMACK_MAGIC:
    case AAFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case RDTGROUP_SUPER_MAGIC:
    case BINFMTFS_MAGIC:
    case XENFS_SUPER_MAGIC:
    case OPENPROM_SUPER_MAGIC:
    case kConfigfsMagic:
    case kFusectlMagic:
    case kNfsdMagic:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool lives_in_memory(std::int64_t file_system) {
  return file_system == TMPFS_MAGIC || file_system == RAMFS_MAGIC || file_system == HUGETLBFS_MAGIC;
}

bool hides_size(std::int64_t file_system, off_t size) {
  const bool is_relayed = file_system == FUSE_SUPER_MAGIC || file_system == V9FS_MAGIC;
  return makes_bytes_when_read(file_system) || (is_relayed && size == 0);
}

}  // namespace aws
