// Calls that create and duplicate descriptors, or set their flags.
#include "hooks/hook.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decision/classify.h"
#include "decision/descriptors.h"
#include "process/held.h"
#include "process/kernel.h"

int __dup2(int from, int to);
int __fcntl(int fd, int command, ...);

static int fail_as_closed(void) {
  errno = EBADF;
  return -1;
}

static bool is_tracking(void) {
  return is_watched(kClose);
}

// ---- Duplicating

static int record_result(int from, int to) {
  if (to >= 0 && is_tracking()) record_duplicate(from, to);
  return to;
}

HOOK int dup(int fd) {
  return is_held(fd) ? fail_as_closed() : record_result(fd, REAL(dup)(fd));
}

// If the shim holds `to`, the call closes the shim's old descriptor. If the call fails, the shim
// closes it, because the program expects `to` to be closed.
static int dup_to(int (*real)(int, int, int), int from, int to, int flags) {
  if (is_held(from)) return fail_as_closed();
  bool was_held = make_way(to);
  int result = real(from, to, flags);
  if (result < 0 && was_held) kernel_call(SYS_close, (long)to);
  return record_result(from, result);
}

static int real_dup2(int from, int to, int flags) {
  (void)flags;
  return REAL(dup2)(from, to);
}

static int real_dup3(int from, int to, int flags) {
  return REAL(dup3)(from, to, flags);
}

HOOK int dup2(int from, int to) {
  return dup_to(real_dup2, from, to, 0);
}

HOOK int __dup2(int from, int to) {
  return dup_to(real_dup2, from, to, 0);
}

HOOK int dup3(int from, int to, int flags) {
  return dup_to(real_dup3, from, to, flags);
}

// ---- Flags

typedef int FcntlFunction(int fd, int command, long argument);

// F_DUPFD returns the lowest free number that is at least `least`. If the shim holds a lower one,
// the shim's descriptor moves and the program gets that number.
static int lowest_number(FcntlFunction* real, int result, int command, int least) {
  int taken = result > least ? lowest_held((unsigned)least, (unsigned)result - 1) : -1;
  if (taken < 0 || !make_way(taken)) return result;
  kernel_call(SYS_close, (long)taken);
  int lower = real(result, command, least);
  if (lower < 0) return result;
  kernel_call(SYS_close, (long)result);
  return lower;
}

static int fcntl_by(FcntlFunction* real, int fd, int command, long argument) {
  if (is_held(fd)) return fail_as_closed();
  int result = real(fd, command, argument);
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
    return record_result(fd, lowest_number(real, result, command, (int)argument));
  if (command == F_SETFL && result == 0 && is_tracking()) record_status(fd, (int)argument);
  return result;
}

static int real_fcntl(int fd, int command, long argument) {
  return REAL(fcntl)(fd, command, argument);
}

static int real_fcntl64(int fd, int command, long argument) {
  return REAL(fcntl64)(fd, command, argument);
}

// Reads the argument even if there is none, as the C library does. Only commands that have an
// argument use it.
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
    record_blocking(fd, *(const int*)argument == 0);
  return result;
}

// ---- Creating

// At the reading end, F_GETFL does not report the O_DIRECT of a packet pipe.
static int record_pipe(int result, const int ends[2], int flags) {
  for (int i = 0; result == 0 && is_tracking() && i < 2; i++)
    record_descriptor(ends[i], kOtherKind | kIsPipe | status_traits(flags));
  return result;
}

HOOK int pipe(int ends[2]) {
  return record_pipe(REAL(pipe)(ends), ends, 0);
}

HOOK int pipe2(int ends[2], int flags) {
  return record_pipe(REAL(pipe2)(ends, flags), ends, flags);
}

HOOK int eventfd(unsigned count, int flags) {
  struct Decision decision = decide_call(kEventfd, -1);
  if (decision.is_injected) return (int)decision.result;
  int fd = REAL(eventfd)(count, flags);
  int status = (flags & EFD_NONBLOCK) != 0 ? O_NONBLOCK : 0;
  if (fd >= 0 && is_tracking())
    record_descriptor(fd, kOtherKind | kMovesRecords | kFewErrors | status_traits(status));
  return fd;
}
