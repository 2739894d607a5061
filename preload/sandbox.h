// The seccomp filters of the program: the shim makes no system call that one of them forbids.
//
// A filter may end the program at a call that it does not expect, and the program's author did not
// expect the shim's. So the shim keeps a copy of each filter that is installed through prctl(2) or
// syscall(2), and asks the copies before each call of its own (kernel_call). Filters of one thread
// are taken for filters of all: a call that is left out harms nobody. A filter that the process has
// from before its start, or that it installs without the C library, stays unknown.
#ifndef PRELOAD_SANDBOX_H
#define PRELOAD_SANDBOX_H

#include <linux/filter.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct Filter;

extern _Atomic(struct Filter*) newest_filter;

// Set by a thread of the shim that began before the first filter: only filters for all threads
// (SECCOMP_FILTER_FLAG_TSYNC) bind it.
extern _Thread_local bool is_unfiltered_thread __attribute__((tls_model("initial-exec")));

static inline bool is_sandboxed(void) {
  return atomic_load_explicit(&newest_filter, memory_order_acquire) != NULL;
}

// Whether a filter forbids the call, or answers it without the kernel.
bool is_refused(long number, const long arguments[6]);

// Whether the shim may make the call, whatever its arguments.
bool may_call(long number);

// A copy of a filter that is about to be installed; NULL for a program that the kernel will refuse.
// Without memory for a copy, the filter of strict mode takes its place.
struct Filter* copy_filter(const struct sock_fprog* program, bool is_for_all_threads);

// What seccomp's strict mode allows: read, write, exit and sigreturn.
struct Filter* strict_filter(void);

// Whether the filter, which is not in force yet, will bind all threads and forbids one of the
// system calls in the list, which ends with -1.
bool forbids_all_threads(const struct Filter* filter, const long* numbers);

// From now on the filter is in force; or it was not installed, and is given back. NULL is ignored.
void add_filter(struct Filter* filter);
void drop_filter(struct Filter* filter);

#endif
