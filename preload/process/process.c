#define _GNU_SOURCE
#include "process/process.h"

#include <sys/syscall.h>

#include "process/kernel.h"

static long process;

// A thread sets this before it calls vfork, so its child finds it set. The parent clears it later.
// On architectures without a hook for vfork (hooks/process.c), every thread always asks the kernel.
#if defined(__x86_64__) || defined(__aarch64__)
static const bool kAlwaysAsk = false;
#else
static const bool kAlwaysAsk = true;
#endif
static _Thread_local bool has_called_vfork __attribute__((tls_model("initial-exec")));

void record_process(void) {
  process = kernel_call(SYS_getpid);
  has_called_vfork = false;
}

void record_vfork(void) {
  has_called_vfork = true;
}

long process_id(void) {
  return process;
}

long current_process_id(void) {
  long number = kernel_call(SYS_getpid);
  return number > 0 ? number : process;
}

bool is_vfork_child(void) {
  if (!has_called_vfork && !kAlwaysAsk) return false;
  if (current_process_id() != process) return true;
  has_called_vfork = false;
  return false;
}
