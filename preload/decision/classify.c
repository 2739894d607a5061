#define _GNU_SOURCE
#include "decision/classify.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "decision/descriptors.h"
#include "process/kernel.h"

enum {
  kMemoryMajor = 1,  // the major number of /dev/null, /dev/zero and others
  kKmsgMinor = 11,   // the minor number of /dev/kmsg
};

unsigned socket_traits(int type, int protocol) {
  const int kTypeMask = ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  bool is_stream = (type & kTypeMask) == SOCK_STREAM && protocol != IPPROTO_SCTP;
  return kSocketKind | (is_stream ? 0u : kKeepsMessages);
}

unsigned status_traits(int flags) {
  return kKnowsStatus | ((flags & O_NONBLOCK) != 0 ? kIsNonblocking : 0u) |
         ((flags & O_DIRECT) != 0 ? kIsDirect : 0u) | ((flags & O_APPEND) != 0 ? kAppends : 0u);
}

static int socket_option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return kernel_call(SYS_getsockopt, (long)fd, (long)SOL_SOCKET, (long)name, &value, &size) == 0
             ? value
             : -1;
}

static unsigned classify_socket(int fd) {
  unsigned traits = socket_traits(socket_option(fd, SO_TYPE), socket_option(fd, SO_PROTOCOL));
  if (socket_option(fd, SO_ACCEPTCONN) == 1)
    traits = (traits & ~(unsigned)kKindMask) | kListenerKind;
  return traits;
}

// Returns whether the file is an interface to kernel data. Such a file is read and written in one
// piece: half of a number is a different number.
static bool is_kernel_interface(int fd) {
  static const long kTypes[] = {PROC_SUPER_MAGIC,    SYSFS_MAGIC,   CGROUP_SUPER_MAGIC,
                                CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
                                SECURITYFS_MAGIC,    SELINUX_MAGIC, SMACK_MAGIC,
                                EFIVARFS_MAGIC,      BPF_FS_MAGIC,  0x62656570 /* configfs */};
  struct statfs status;
  if (kernel_call(SYS_fstatfs, (long)fd, &status) != 0) return false;
  for (size_t i = 0; i < sizeof kTypes / sizeof kTypes[0]; i++) {
    if ((long)status.f_type == kTypes[i]) return true;
  }
  return false;
}

// A file on a disk has a device with a major number. For other files, the file system type decides.
static unsigned classify_file(int fd, const struct stat* status) {
  unsigned traits = kFileKind | kIsSeekable;
  if (major(status->st_dev) == 0 && is_kernel_interface(fd)) traits |= kMovesRecords;
  return traits;
}

// A terminal or /dev/zero is a stream of bytes. Network taps, input devices and others transfer
// packets or structures.
static unsigned classify_device(int fd, dev_t device) {
  struct termios settings;
  bool is_stream = major(device) == kMemoryMajor
                       ? minor(device) != kKmsgMinor
                       : kernel_call(SYS_ioctl, (long)fd, (long)TCGETS, &settings) == 0;
  return kOtherKind | (is_stream ? 0u : kMovesRecords);
}

unsigned classify_descriptor(int fd) {
  struct stat status;
  // newfstatat exists on all architectures; fstat does not.
  if (kernel_call(SYS_newfstatat, (long)fd, "", &status, (long)AT_EMPTY_PATH) != 0) return 0;
  long flags = kernel_call(SYS_fcntl, (long)fd, (long)F_GETFL);
  unsigned traits = flags >= 0 ? status_traits((int)flags) : 0;
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return traits | classify_file(fd, &status);
    case S_IFSOCK:
      return traits | classify_socket(fd);
    case S_IFIFO:
      return traits | kOtherKind | kIsPipe;
    case S_IFCHR:
      return traits | classify_device(fd, status.st_rdev);
    case S_IFBLK:
      return traits | kOtherKind | kIsSeekable;
    case S_IFDIR:
      return traits | kOtherKind | kMovesRecords;
  }
  return traits | kOtherKind | kMovesRecords |
         kFewErrors;  // eventfd, timerfd, signalfd, inotify, …
}
