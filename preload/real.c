#define _GNU_SOURCE
#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

// The initial-exec model needs no allocation at a thread's first access, so malloc's hook may look.
_Thread_local bool in_shim __attribute__((tls_model("initial-exec")));

static _Atomic(void*) functions[kSpellingCount];

// What dlsym itself allocates while it looks for malloc comes from here. glibc has it; elsewhere
// the symbol is absent, and dlsym does not allocate.
extern void* __libc_malloc(size_t size) __attribute__((weak));

// Two threads may look the same name up at once: both find the same address, so the order of their
// stores is no matter.
static void* look_up(enum Spelling spelling) {
  if (in_shim && spelling == kSpelling_malloc && __libc_malloc != NULL) return (void*)__libc_malloc;
  int saved_errno = errno;
  bool was_in_shim = in_shim;
  in_shim = true;
  void* function = dlsym(RTLD_NEXT, kSpellingNames[spelling]);
  in_shim = was_in_shim;
  atomic_store_explicit(&functions[spelling], function, memory_order_release);
  errno = saved_errno;
  return function;
}

void look_up_all(void) {
  for (int spelling = 0; spelling < kSpellingCount; spelling++)
    (void)look_up((enum Spelling)spelling);
}

void* real_function(enum Spelling spelling) {
  void* function = atomic_load_explicit(&functions[spelling], memory_order_acquire);
  if (function == NULL) function = look_up(spelling);
  if (function == NULL) {
    static const char kMessage[] = "sockop: a hooked call is defined by no library: ";
    kernel_call(SYS_write, STDERR_FILENO, kMessage, sizeof kMessage - 1);
    kernel_call(SYS_write, STDERR_FILENO, kSpellingNames[spelling],
                strlen(kSpellingNames[spelling]));
    kernel_call(SYS_write, STDERR_FILENO, "\n", (size_t)1);
    abort();
  }
  return function;
}

long kernel_call(long number, ...) {
  va_list list;
  long arguments[6];
  va_start(list, number);
  for (int i = 0; i < 6; i++)
    arguments[i] = va_arg(list, long);
  va_end(list);
  if (is_sandboxed() && is_refused(number, arguments)) return -EPERM;
  int saved_errno = errno;
  long result = REAL(syscall)(number, arguments[0], arguments[1], arguments[2], arguments[3],
                              arguments[4], arguments[5]);
  if (result == -1) result = -errno;
  errno = saved_errno;
  return result;
}
