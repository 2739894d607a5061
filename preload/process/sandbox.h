// The seccomp filters of the program. The shim makes no system call that one of them forbids.
//
// A filter may kill the program because of a call that it does not allow, and it was written for
// the calls of the program, not for those of the shim. So the shim copies each filter that the
// program installs by prctl(2) or syscall(2), and kernel_call runs the copies before each call. The
// shim applies the filters of one thread to all threads; at worst it omits a call that was allowed.
// It does not know filters from before the program's start, or those installed without the C
// library.
#ifndef PRELOAD_PROCESS_SANDBOX_H
#define PRELOAD_PROCESS_SANDBOX_H

#include <linux/filter.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct Filter;

extern _Atomic(struct Filter*) newest_filter;

// Set in a thread of the shim that started before the first filter: it is subject only to filters
// for all threads (SECCOMP_FILTER_FLAG_TSYNC).
extern _Thread_local bool is_unfiltered_thread __attribute__((tls_model("initial-exec")));

static inline bool is_sandboxed(void) {
  return atomic_load_explicit(&newest_filter, memory_order_acquire) != NULL;
}

// Returns whether a filter forbids the call.
bool is_forbidden(long number, const long arguments[6]);

// Returns whether the filters allow the call if all its arguments are 0.
bool may_call(long number);

// Copies a filter that the program is about to install. Returns NULL if the kernel will reject it.
// If there is no memory, returns strict_filter(), which allows less than any useful filter.
struct Filter* copy_filter(const struct sock_fprog* program, bool is_for_all_threads);

// Returns the filter of seccomp's strict mode: read, write, exit and sigreturn.
struct Filter* strict_filter(void);

// Returns whether the filter, which is not installed yet, is for all threads and forbids one of the
// listed system calls. The list ends with -1.
bool forbids_all_threads(const struct Filter* filter, const long* numbers);

// Applies the filter from now on. NULL has no effect.
void add_filter(struct Filter* filter);

// Frees a filter that was not installed. NULL has no effect.
void free_filter(struct Filter* filter);

#endif
