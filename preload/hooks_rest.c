// syscall(2), for the calls that have no function of their own in the C library and for those that
// the shim must see however they are made; memory.
#include "hook.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "aio.h"
#include "descriptors.h"
#include "unplanned.h"

static long setup_by_kernel(unsigned depth, aio_context_t* context) {
  return kernel_call(SYS_io_setup, (long)depth, context);
}

static long submit_by_kernel(aio_context_t context, long count, struct iocb** iocbs) {
  return kernel_call(SYS_io_submit, context, count, iocbs);
}

static long events_by_kernel(aio_context_t context, long least, long limit, struct io_event* events,
                             struct timespec* timeout) {
  return kernel_call(SYS_io_getevents, context, least, limit, events, timeout);
}

static const struct AioWay kKernel = {setup_by_kernel, submit_by_kernel, events_by_kernel};

static long by_errno(long result) {
  if (result >= 0) return result;
  errno = (int)-result;
  return -1;
}

static long open_beneath(const long argument[6]) {
  struct Fate fate = {.is_told = false};
  if (is_watched(kOpenat2))
    fate = fate_of(&(struct Asked){
        .call = kOpenat2, .fd = -1, .other_fd = -1, .path = (const char*)argument[1]});
  if (fate.is_told) return fate.result;
  long fd = REAL(syscall)(SYS_openat2, argument[0], argument[1], argument[2], argument[3]);
  if (fd >= 0 && is_watched(kOpenat2)) forget_descriptor((int)fd);
  return fd;
}

// All six arguments are passed on whether they were given or not, as the C library does.
HOOK long syscall(long number, ...) {
  va_list list;
  long argument[6];
  va_start(list, number);
  for (int i = 0; i < 6; i++)
    argument[i] = va_arg(list, long);
  va_end(list);
  switch (number) {
    case SYS_close:
      return close_unplanned((int)argument[0]);
    case SYS_close_range:
      return close_range((unsigned)argument[0], (unsigned)argument[1], (int)argument[2]);
    case SYS_dup:
      return dup((int)argument[0]);
#ifdef SYS_dup2
    case SYS_dup2:
      return dup2((int)argument[0], (int)argument[1]);
#endif
    case SYS_dup3:
      return dup3((int)argument[0], (int)argument[1], (int)argument[2]);
    case SYS_fcntl:
      return fcntl((int)argument[0], (int)argument[1], argument[2]);
    case SYS_prctl:
      return prctl((int)argument[0], argument[1], argument[2], argument[3], argument[4]);
    case SYS_seccomp:
      return confine((unsigned)argument[0], (unsigned)argument[1], (void*)argument[2]);
    case SYS_openat2:
      return open_beneath(argument);
    case SYS_io_setup:
      return by_errno(setup_aio(&kKernel, (unsigned)argument[0], (aio_context_t*)argument[1]));
    case SYS_io_submit:
      return by_errno(submit_aio(&kKernel, (aio_context_t)argument[0], argument[1],
                                 (struct iocb**)argument[2]));
    case SYS_io_getevents:
      return by_errno(reap_aio(&kKernel, (aio_context_t)argument[0], argument[1], argument[2],
                               (struct io_event*)argument[3], (struct timespec*)argument[4]));
  }
  return REAL(syscall)(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                       argument[5]);
}

HOOK void* malloc(size_t size) {
  struct Fate fate = fate_of_transfer(kMalloc, -1, -1, size, 0);
  return fate.is_told ? NULL : REAL(malloc)(size);
}
