// Calls that begin, confine and end processes.
#include "hook.h"

#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "log.h"
#include "process.h"
#include "sandbox.h"
#include "start.h"
#include "unplanned.h"

// vfork returns twice, so no C function can call it for a caller of its own: the first return would
// give up the frame that the second one needs. This hook jumps to the real vfork, which returns to
// the program.
__attribute__((used)) static void* real_vfork(void) {
  note_vfork();
  return real_function(kSpelling_vfork);
}

#if defined(__x86_64__)
__asm__(
    ".text\n"
    ".globl vfork, __vfork\n"
    ".type vfork, @function\n"
    "vfork:\n"
    "  subq $8, %rsp\n"
    "  call real_vfork\n"
    "  addq $8, %rsp\n"
    "  jmp *%rax\n"
    ".size vfork, . - vfork\n"
    ".set __vfork, vfork\n");
#elif defined(__aarch64__)
__asm__(
    ".text\n"
    ".globl vfork, __vfork\n"
    ".type vfork, %function\n"
    "vfork:\n"
    "  stp x29, x30, [sp, #-16]!\n"
    "  bl real_vfork\n"
    "  ldp x29, x30, [sp], #16\n"
    "  br x0\n"
    ".size vfork, . - vfork\n"
    ".set __vfork, vfork\n");
#endif

// ---- Sandboxes

// What a sandbox may forbid is done before: descriptors are looked at, and the control socket goes
// if it cannot go on.
static void prepare_for(const struct Filter* filter) {
  bool was_in_shim = in_shim;
  if (filter == NULL || !is_started()) return;
  in_shim = true;
  learn_descriptors();
  note_time();
  prepare_control_for(filter);
  in_shim = was_in_shim;
}

static void settle(struct Filter* filter, bool is_installed) {
  if (is_installed) {
    add_filter(filter);
  } else {
    drop_filter(filter);
  }
}

HOOK int prctl(int option, ...) {
  va_list list;
  unsigned long argument[4];
  va_start(list, option);
  for (int i = 0; i < 4; i++)
    argument[i] = va_arg(list, unsigned long);
  va_end(list);
  struct Filter* filter = NULL;
  if (option == PR_SET_SECCOMP && argument[0] == SECCOMP_MODE_STRICT) filter = strict_filter();
  if (option == PR_SET_SECCOMP && argument[0] == SECCOMP_MODE_FILTER)
    filter = copy_filter((const struct sock_fprog*)argument[1], false);
  prepare_for(filter);
  int result = REAL(prctl)(option, argument[0], argument[1], argument[2], argument[3]);
  settle(filter, result == 0);
  return result;
}

// A positive result is a listener's descriptor, or a thread that cannot follow.
long confine(unsigned operation, unsigned flags, void* arguments) {
  bool is_for_all = (flags & SECCOMP_FILTER_FLAG_TSYNC) != 0;
  struct Filter* filter = NULL;
  if (operation == SECCOMP_SET_MODE_STRICT) filter = strict_filter();
  if (operation == SECCOMP_SET_MODE_FILTER) filter = copy_filter(arguments, is_for_all);
  prepare_for(filter);
  long result = REAL(syscall)(SYS_seccomp, (long)operation, (long)flags, arguments);
  bool has_listener = (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
  settle(filter, result == 0 || (result > 0 && has_listener));
  return result;
}

// ---- The end

HOOK void _exit(int status) {
  end_process();
  REAL(_exit)(status);
  abort();
}

HOOK void _Exit(int status) {
  end_process();
  REAL(_Exit)(status);
  abort();
}
