// Calls that make, duplicate and close descriptors, and change their flags.
//
// Few of them can be named in a plan. They are hooked for what is known of the descriptors, and to
// keep the shim's own out of the program's way.
#include "hook.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"
#include "held.h"
#include "look.h"
#include "unplanned.h"

int __close(int fd);
int __dup2(int from, int to);
int __fcntl(int fd, int command, ...);

static int not_open(void) {
  errno = EBADF;
  return -1;
}

static bool is_tracking(void) {
  return is_watched(kClose);
}

// ---- Closing

int close_unplanned(int fd) {
  if (is_held(fd)) return not_open();
  if (is_tracking()) forget_descriptor(fd);
  return REAL(close)(fd);
}

static int close_by(int (*real)(int), int fd) {
  if (is_held(fd)) return not_open();
  struct Fate fate = fate_of_call(kClose, fd);
  if (is_tracking()) forget_descriptor(fd);
  return answer_after(&fate, real(fd));
}

HOOK int close(int fd) {
  return close_by(REAL(close), fd);
}

HOOK int __close(int fd) {
  return close_by(REAL(__close), fd);
}

static int kernel_close_range(unsigned first, unsigned last, int flags) {
  long result = kernel_call(SYS_close_range, (long)first, (long)last, (long)flags);
  if (result == 0) return 0;
  errno = (int)-result;
  return -1;
}

// What lies between the shim's descriptors is closed piece by piece.
static int close_all(unsigned first, unsigned last, int flags) {
  if (first > last) return kernel_close_range(first, last, flags);
  if (is_tracking() && ((unsigned)flags & CLOSE_RANGE_CLOEXEC) == 0)
    forget_descriptors(first, last);
  for (int fd; (fd = lowest_held(first, last)) >= 0; first = (unsigned)fd + 1) {
    if (first < (unsigned)fd && kernel_close_range(first, (unsigned)fd - 1, flags) != 0) return -1;
    if ((unsigned)fd == last) return 0;
  }
  return kernel_close_range(first, last, flags);
}

HOOK int close_range(unsigned first, unsigned last, int flags) {
  return close_all(first, last, flags);
}

// Linux before 5.9 has no close_range.
HOOK void closefrom(int first) {
  int saved_errno = errno;
  if (close_all(first > 0 ? (unsigned)first : 0, UINT_MAX, 0) != 0) REAL(closefrom)(first);
  errno = saved_errno;
}

// The C library closes these without a call that a hook would see.
static void forget_stream(FILE* stream) {
  if (is_tracking()) forget_descriptor(fileno_unlocked(stream));
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
  if (is_tracking()) forget_descriptor(dirfd(directory));
  return REAL(closedir)(directory);
}

// ---- Duplicating

static int duplicated(int from, int to) {
  if (to >= 0 && is_tracking()) note_duplicate(from, to);
  return to;
}

HOOK int dup(int fd) {
  return is_held(fd) ? not_open() : duplicated(fd, REAL(dup)(fd));
}

// The program's duplicate replaces the shim's descriptor in one step. If there is none, the number
// is as free as the program believes.
static int duplicate_to(int (*real)(int, int, int), int from, int to, int flags) {
  if (is_held(from)) return not_open();
  bool was_held = make_way(to);
  int result = real(from, to, flags);
  if (result < 0 && was_held) kernel_call(SYS_close, (long)to);
  return duplicated(from, result);
}

static int real_dup2(int from, int to, int flags) {
  (void)flags;
  return REAL(dup2)(from, to);
}

static int real_dup3(int from, int to, int flags) {
  return REAL(dup3)(from, to, flags);
}

HOOK int dup2(int from, int to) {
  return duplicate_to(real_dup2, from, to, 0);
}

HOOK int __dup2(int from, int to) {
  return duplicate_to(real_dup2, from, to, 0);
}

HOOK int dup3(int from, int to, int flags) {
  return duplicate_to(real_dup3, from, to, flags);
}

// ---- Flags

typedef int FcntlFunction(int fd, int command, long argument);

// The number that the program would have got without the shim's descriptors: the lowest free one
// from `least` on.
static int lowest_for_program(FcntlFunction* real, int result, int command, int least) {
  int taken = result > least ? lowest_held((unsigned)least, (unsigned)result - 1) : -1;
  if (taken < 0 || !make_way(taken)) return result;
  kernel_call(SYS_close, (long)taken);
  int lower = real(result, command, least);
  if (lower < 0) return result;
  kernel_call(SYS_close, (long)result);
  return lower;
}

static int fcntl_by(FcntlFunction* real, int fd, int command, long argument) {
  if (is_held(fd)) return not_open();
  int result = real(fd, command, argument);
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
    result = lowest_for_program(real, result, command, (int)argument);
    return duplicated(fd, result);
  }
  if (command == F_SETFL && result == 0 && is_tracking()) note_status(fd, (int)argument);
  return result;
}

static int real_fcntl(int fd, int command, long argument) {
  return REAL(fcntl)(fd, command, argument);
}

static int real_fcntl64(int fd, int command, long argument) {
  return REAL(fcntl64)(fd, command, argument);
}

// The argument is read whether there is one or not, as the C library does: it is used only if there
// is.
#define FCNTL_HOOK(name, real)                    \
  HOOK int name(int fd, int command, ...) {       \
    va_list list;                                 \
    va_start(list, command);                      \
    long argument = va_arg(list, long);           \
    va_end(list);                                 \
    return fcntl_by(real, fd, command, argument); \
  }
FCNTL_HOOK(fcntl, real_fcntl)
FCNTL_HOOK(__fcntl, real_fcntl)
FCNTL_HOOK(fcntl64, real_fcntl64)

HOOK int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void* argument = va_arg(list, void*);
  va_end(list);
  int result = REAL(ioctl)(fd, request, argument);
  if (request == FIONBIO && result == 0 && is_tracking())
    note_blocking(fd, *(const int*)argument == 0);
  return result;
}

// ---- Making

// The kernel tells of O_DIRECT at the writing end alone.
static int made_pipe(int result, const int ends[2], int flags) {
  for (int i = 0; result == 0 && is_tracking() && i < 2; i++)
    note_descriptor(ends[i], kOtherKind | kIsPipe | status_traits(flags));
  return result;
}

HOOK int pipe(int ends[2]) {
  return made_pipe(REAL(pipe)(ends), ends, 0);
}

HOOK int pipe2(int ends[2], int flags) {
  return made_pipe(REAL(pipe2)(ends, flags), ends, flags);
}

HOOK int eventfd(unsigned count, int flags) {
  struct Fate fate = fate_of_call(kEventfd, -1);
  if (fate.is_told) return (int)fate.result;
  int fd = REAL(eventfd)(count, flags);
  if (fd >= 0 && is_tracking())
    note_descriptor(fd, kOtherKind | kMovesRecords | kFewErrors |
                            status_traits((flags & EFD_NONBLOCK) != 0 ? O_NONBLOCK : 0));
  return fd;
}
