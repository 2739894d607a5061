#define _GNU_SOURCE
#include "report/message.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/held.h"
#include "process/kernel.h"

static bool has_stderr;
static dev_t device;
static ino_t inode;

void record_stderr(void) {
  struct stat status;
  has_stderr =
      kernel_call(SYS_newfstatat, (long)STDERR_FILENO, "", &status, (long)AT_EMPTY_PATH) == 0;
  device = status.st_dev;
  inode = status.st_ino;
}

void hold_stderr(void) {
  if (has_stderr) hold_duplicate(kHeldStderr, STDERR_FILENO);
}

// If a sandbox forbids fstat, assumes that the descriptor is unchanged.
static bool is_stderr(int fd) {
  struct stat status;
  if (fd < 0 || !has_stderr) return false;
  long result = kernel_call(SYS_newfstatat, (long)fd, "", &status, (long)AT_EMPTY_PATH);
  return result == -EPERM || (result == 0 && status.st_dev == device && status.st_ino == inode);
}

long write_all(long fd, const struct Text* text) {
  for (size_t at = 0; at < text->length;) {
    long written = kernel_call(SYS_write, fd, text->data + at, text->length - at);
    if (written == -EINTR) continue;
    if (written <= 0) return written < 0 ? written : -EIO;
    at += (size_t)written;
  }
  return 0;
}

bool write_to_stderr(const struct Text* text) {
  int duplicate = held(kHeldStderr);
  return (is_stderr(duplicate) && write_all(duplicate, text) == 0) ||
         (is_stderr(STDERR_FILENO) && write_all(STDERR_FILENO, text) == 0);
}
