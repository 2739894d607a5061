#define _GNU_SOURCE
#include "hooks/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "process/kernel.h"
#include "report/message.h"

enum { kMessageSize = 100 };

static _Atomic(void*) functions[kFunctionCount];

// dlsym may allocate while it looks up malloc; that memory comes from here. Only glibc defines the
// symbol. Other C libraries do not allocate in dlsym.
extern void* __libc_malloc(size_t size) __attribute__((weak));

// If two threads look up the same name at once, both store the same address.
static void* look_up(enum Function function) {
  if (in_shim && function == kFunction_malloc && __libc_malloc != NULL) return (void*)__libc_malloc;
  int saved_errno = errno;
  bool was_in_shim = in_shim;
  in_shim = true;
  void* address = dlsym(RTLD_NEXT, kFunctionNames[function]);
  in_shim = was_in_shim;
  atomic_store_explicit(&functions[function], address, memory_order_release);
  errno = saved_errno;
  return address;
}

void look_up_all(void) {
  for (int function = 0; function < kFunctionCount; function++)
    (void)look_up((enum Function)function);
}

static _Noreturn void abort_without(enum Function function) {
  char buffer[kMessageSize];
  struct Text text = text_in(buffer, sizeof buffer);
  add_string(&text, "sockop: no library defines ");
  add_string(&text, kFunctionNames[function]);
  add_string(&text, "\n");
  if (function != kFunction_syscall) (void)write_to_stderr(&text);
  abort();
}

void* real_function(enum Function function) {
  void* address = atomic_load_explicit(&functions[function], memory_order_acquire);
  if (address == NULL) address = look_up(function);
  if (address == NULL) abort_without(function);
  return address;
}
