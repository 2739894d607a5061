#define _GNU_SOURCE
#include "process.h"

#include <sys/syscall.h>

#include "real.h"

static long process;

// Set by a thread that calls vfork, so that its child finds it set; the parent clears it later.
// Where vfork has no hook (hooks_process.c), every thread asks every time.
#if defined(__x86_64__) || defined(__aarch64__)
static const bool kAsksAlways = false;
#else
static const bool kAsksAlways = true;
#endif
static _Thread_local bool has_called_vfork __attribute__((tls_model("initial-exec")));

void note_process(void) {
  process = kernel_call(SYS_getpid);
  has_called_vfork = false;
}

void note_vfork(void) {
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
  if (!has_called_vfork && !kAsksAlways) return false;
  if (current_process_id() != process) return true;
  has_called_vfork = false;
  return false;
}
