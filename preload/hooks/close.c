// Calls that close descriptors. They treat the shim's own descriptors as closed, and leave them
// open.
#include "hooks/hook.h"

#include <dirent.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decision/descriptors.h"
#include "hooks/unplanned.h"
#include "process/held.h"

int __close(int fd);

static int fail_as_closed(void) {
  errno = EBADF;
  return -1;
}

// The entry is cleared before the descriptor is closed. Afterwards another thread could already
// have got the same number.
static void forget_if_tracked(int fd) {
  if (is_watched(kClose)) forget_descriptor(fd);
}

int close_unplanned(int fd) {
  if (is_held(fd)) return fail_as_closed();
  forget_if_tracked(fd);
  return REAL(close)(fd);
}

static int close_by(int (*real)(int), int fd) {
  if (is_held(fd)) return fail_as_closed();
  struct Decision decision = decide_call(kClose, fd);
  forget_if_tracked(fd);
  return with_late_error(&decision, real(fd));
}

HOOK int close(int fd) {
  return close_by(REAL(close), fd);
}

HOOK int __close(int fd) {
  return close_by(REAL(__close), fd);
}

static int real_close_range(unsigned first, unsigned last, int flags) {
  return (int)REAL(syscall)(SYS_close_range, (long)first, (long)last, (long)flags);
}

// Closes the ranges between the shim's descriptors.
HOOK int close_range(unsigned first, unsigned last, int flags) {
  if (first > last) return real_close_range(first, last, flags);
  if (is_watched(kClose) && ((unsigned)flags & CLOSE_RANGE_CLOEXEC) == 0)
    forget_descriptors(first, last);
  for (int fd; (fd = lowest_held(first, last)) >= 0; first = (unsigned)fd + 1) {
    if (first < (unsigned)fd && real_close_range(first, (unsigned)fd - 1, flags) != 0) return -1;
    if ((unsigned)fd == last) return 0;
  }
  return real_close_range(first, last, flags);
}

// Linux before 5.9 has no close_range(2); there the C library closes the shim's descriptors too.
HOOK void closefrom(int first) {
  int saved_errno = errno;
  if (close_range(first > 0 ? (unsigned)first : 0, UINT_MAX, 0) != 0) REAL(closefrom)(first);
  errno = saved_errno;
}

// The C library closes the descriptor of a stream or a directory without calling a hook. A stream
// without a descriptor has the number -1.
static void forget_stream(FILE* stream) {
  int saved_errno = errno;
  forget_if_tracked(fileno_unlocked(stream));
  errno = saved_errno;
}

HOOK int fclose(FILE* stream) {
  forget_stream(stream);
  return REAL(fclose)(stream);
}

HOOK int pclose(FILE* stream) {
  forget_stream(stream);
  return REAL(pclose)(stream);
}

HOOK FILE* freopen(const char* path, const char* mode, FILE* stream) {
  forget_stream(stream);
  return REAL(freopen)(path, mode, stream);
}

HOOK FILE* freopen64(const char* path, const char* mode, FILE* stream) {
  forget_stream(stream);
  return REAL(freopen64)(path, mode, stream);
}

HOOK int closedir(DIR* directory) {
  forget_if_tracked(dirfd(directory));
  return REAL(closedir)(directory);
}
