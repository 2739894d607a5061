// System calls that the shim itself makes. Hooks do not see them.
//
// Any thread and any signal handler may call these.
#ifndef PRELOAD_PROCESS_KERNEL_H
#define PRELOAD_PROCESS_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

// True while this thread runs code of the shim. Hooks then pass calls through and count nothing.
extern _Thread_local bool in_shim __attribute__((tls_model("initial-exec")));

// Makes a system call. Returns the result or -errno; errno itself does not change. If a seccomp
// filter of the program forbids the call (sandbox.h), returns -EPERM without making it.
long kernel_call(long number, ...);

// Returns `size` bytes of zeroed memory from mmap(2), or NULL.
void* map_memory(size_t size);
void unmap_memory(void* memory, size_t size);

#endif
