// syscall(2): calls that have no function in the C library, and calls that the shim must not miss.
#include "hooks/hook.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decision/descriptors.h"
#include "hooks/aio.h"
#include "hooks/unplanned.h"

// These are calls of the program, so they do not use kernel_call, which is for calls of the shim.
static long or_negative_errno(long result) {
  return result == -1 ? -errno : result;
}

static long setup_by_kernel(unsigned depth, aio_context_t* context) {
  return or_negative_errno(REAL(syscall)(SYS_io_setup, (long)depth, context));
}

static long submit_by_kernel(aio_context_t context, long count, struct iocb** iocbs) {
  return or_negative_errno(REAL(syscall)(SYS_io_submit, context, count, iocbs));
}

static long getevents_by_kernel(aio_context_t context, long least, long limit,
                                struct io_event* events, struct timespec* timeout) {
  return or_negative_errno(REAL(syscall)(SYS_io_getevents, context, least, limit, events, timeout));
}

static const struct AioCalls kKernel = {setup_by_kernel, submit_by_kernel, getevents_by_kernel};

// Reports an error as syscall(2) does.
static long set_errno(long result) {
  if (result >= 0) return result;
  errno = (int)-result;
  return -1;
}

static long open_by_openat2(const long argument[6]) {
  struct Decision decision = {.is_injected = false};
  if (is_watched(kOpenat2))
    decision = decide(&(struct CallInfo){
        .call = kOpenat2, .fd = -1, .other_fd = -1, .path = (const char*)argument[1]});
  if (decision.is_injected) return decision.result;
  long fd = REAL(syscall)(SYS_openat2, argument[0], argument[1], argument[2], argument[3]);
  if (fd >= 0 && is_watched(kOpenat2)) forget_descriptor((int)fd);
  return fd;
}

// Always reads and passes six arguments, as the C library's syscall does.
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
      return seccomp_unplanned((unsigned)argument[0], (unsigned)argument[1], (void*)argument[2]);
    case SYS_openat2:
      return open_by_openat2(argument);
    case SYS_io_setup:
      return set_errno(setup_aio(&kKernel, (unsigned)argument[0], (aio_context_t*)argument[1]));
    case SYS_io_submit:
      return set_errno(submit_aio(&kKernel, (aio_context_t)argument[0], argument[1],
                                  (struct iocb**)argument[2]));
    case SYS_io_getevents:
      return set_errno(getevents_aio(&kKernel, (aio_context_t)argument[0], argument[1], argument[2],
                                     (struct io_event*)argument[3], (struct timespec*)argument[4]));
  }
  return REAL(syscall)(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                       argument[5]);
}
