// Calls that start, restrict and end processes.
#include "hooks/hook.h"

#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control/control.h"
#include "hooks/unplanned.h"
#include "process/kernel.h"
#include "process/process.h"
#include "process/sandbox.h"
#include "report/log.h"
#include "start.h"

// vfork returns twice to the same stack frame. A C function cannot wrap it: its frame would be gone
// at the second return. So this hook jumps to the real vfork, which returns to the program.
__attribute__((used)) static void* real_vfork(void) {
  record_vfork();
  return real_function(kFunction_vfork);
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

// Does what the filter may forbid later.
static void prepare_for_filter(const struct Filter* filter) {
  bool was_in_shim = in_shim;
  if (filter == NULL || !is_started()) return;
  in_shim = true;
  learn_descriptors();
  record_time();
  prepare_control_for(filter);
  in_shim = was_in_shim;
}

static void finish_filter(struct Filter* filter, bool is_installed) {
  if (is_installed) {
    add_filter(filter);
  } else {
    free_filter(filter);
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
  prepare_for_filter(filter);
  int result = REAL(prctl)(option, argument[0], argument[1], argument[2], argument[3]);
  finish_filter(filter, result == 0);
  return result;
}

// With SECCOMP_FILTER_FLAG_NEW_LISTENER a positive result is a descriptor. Otherwise it is the ID
// of a thread to which the filter cannot be applied.
long seccomp_unplanned(unsigned operation, unsigned flags, void* arguments) {
  bool is_for_all = (flags & SECCOMP_FILTER_FLAG_TSYNC) != 0;
  struct Filter* filter = NULL;
  if (operation == SECCOMP_SET_MODE_STRICT) filter = strict_filter();
  if (operation == SECCOMP_SET_MODE_FILTER) filter = copy_filter(arguments, is_for_all);
  prepare_for_filter(filter);
  long result = REAL(syscall)(SYS_seccomp, (long)operation, (long)flags, arguments);
  bool has_listener = (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
  finish_filter(filter, result == 0 || (result > 0 && has_listener));
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
