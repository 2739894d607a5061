#define _GNU_SOURCE
#include "process/kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/real.h"
#include "process/sandbox.h"

enum { kHighestErrno = 4095 };

// With the initial-exec model the first access in a thread allocates nothing, so malloc's hook may
// read the variable.
_Thread_local bool in_shim __attribute__((tls_model("initial-exec")));

// Always reads six arguments, as the C library's syscall does.
long kernel_call(long number, ...) {
  va_list list;
  long arguments[6];
  va_start(list, number);
  for (int i = 0; i < 6; i++)
    arguments[i] = va_arg(list, long);
  va_end(list);
  if (is_sandboxed() && is_forbidden(number, arguments)) return -EPERM;
  int saved_errno = errno;
  long result = REAL(syscall)(number, arguments[0], arguments[1], arguments[2], arguments[3],
                              arguments[4], arguments[5]);
  if (result == -1) result = -errno;
  errno = saved_errno;
  return result;
}

void* map_memory(size_t size) {
  long memory = kernel_call(SYS_mmap, 0L, size, (long)(PROT_READ | PROT_WRITE),
                            (long)(MAP_PRIVATE | MAP_ANONYMOUS), -1L, 0L);
  return memory < 0 && memory >= -kHighestErrno ? NULL : (void*)memory;
}

void unmap_memory(void* memory, size_t size) {
  kernel_call(SYS_munmap, memory, size);
}
