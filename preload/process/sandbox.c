#define _GNU_SOURCE
#include "process/sandbox.h"

#include <linux/audit.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "process/bpf.h"
#include "process/kernel.h"

#if defined(__x86_64__)
enum { kArchitecture = (int)AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { kArchitecture = (int)AUDIT_ARCH_AARCH64 };
#elif defined(__riscv)
enum { kArchitecture = (int)AUDIT_ARCH_RISCV64 };
#else
enum { kArchitecture = 0 };  // filters reject an unknown architecture
#endif

struct Filter {
  struct Filter* older;
  size_t size;  // of the mapped memory; 0: static
  bool is_strict, is_for_all_threads;
  size_t length;
  struct sock_filter program[];
};

_Atomic(struct Filter*) newest_filter;
static atomic_bool has_strict_filter;  // strict_filter() is in the list
_Thread_local bool is_unfiltered_thread __attribute__((tls_model("initial-exec")));

static bool is_strictly_allowed(long number) {
  return number == SYS_read || number == SYS_write || number == SYS_exit ||
         number == SYS_rt_sigreturn;
}

static bool forbids(const struct Filter* filter, long number, const long arguments[6]) {
  if (filter->is_strict) return !is_strictly_allowed(number);
  struct seccomp_data call = {.nr = (int)number, .arch = (uint32_t)kArchitecture};
  for (int i = 0; i < 6; i++)
    call.args[i] = (uint64_t)arguments[i];
  uint32_t answer =
      run_bpf(filter->program, filter->length, &call) & (uint32_t)SECCOMP_RET_ACTION_FULL;
  return answer != SECCOMP_RET_ALLOW && answer != SECCOMP_RET_LOG;
}

bool is_forbidden(long number, const long arguments[6]) {
  const struct Filter* filter = atomic_load_explicit(&newest_filter, memory_order_acquire);
  for (; filter != NULL; filter = filter->older) {
    if (is_unfiltered_thread && !filter->is_for_all_threads) continue;
    if (forbids(filter, number, arguments)) return true;
  }
  return false;
}

bool may_call(long number) {
  static const long kNoArguments[6];
  return !is_sandboxed() || !is_forbidden(number, kNoArguments);
}

bool forbids_all_threads(const struct Filter* filter, const long* numbers) {
  static const long kNoArguments[6];
  for (; filter->is_for_all_threads && *numbers >= 0; numbers++) {
    if (forbids(filter, *numbers, kNoArguments)) return true;
  }
  return false;
}

struct Filter* strict_filter(void) {
  static struct Filter filter = {.is_strict = true};
  return &filter;
}

struct Filter* copy_filter(const struct sock_fprog* program, bool is_for_all_threads) {
  if (program == NULL || program->filter == NULL || program->len > BPF_MAXINSNS) return NULL;
  size_t size = sizeof(struct Filter) + program->len * sizeof(struct sock_filter);
  struct Filter* filter = map_memory(size);
  if (filter == NULL) return strict_filter();
  filter->size = size;
  filter->is_for_all_threads = is_for_all_threads;
  filter->length = program->len;
  memcpy(filter->program, program->filter, program->len * sizeof(struct sock_filter));
  return filter;
}

void add_filter(struct Filter* filter) {
  if (filter == NULL) return;
  if (filter->is_strict && atomic_exchange(&has_strict_filter, true)) return;
  filter->older = atomic_load(&newest_filter);
  while (!atomic_compare_exchange_weak(&newest_filter, &filter->older, filter))
    continue;
}

void free_filter(struct Filter* filter) {
  if (filter != NULL && filter->size > 0) unmap_memory(filter, filter->size);
}
