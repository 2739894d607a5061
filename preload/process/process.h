// The process ID, and whether this is a child of vfork(2), mostly without system calls.
//
// A child of vfork(2) shares its parent's memory but has its own descriptors. While it closes and
// duplicates them, the shim must not change its records of the parent's descriptors. Any thread and
// any signal handler may call these functions.
#ifndef PRELOAD_PROCESS_PROCESS_H
#define PRELOAD_PROCESS_PROCESS_H

#include <stdbool.h>

// Returns the process ID as it was at the start or after the last fork(2).
long process_id(void);

// Asks the kernel for the process ID. If a sandbox forbids that, returns process_id(). The results
// differ in a child of vfork, and in a child that the program created by clone(2).
long current_process_id(void);

// Returns whether this is a child of vfork. Makes a system call only in threads that have called
// vfork.
bool is_vfork_child(void);

// Stores the process ID. Called at the start, and in the child after fork(2).
void record_process(void);

// Called by a thread that is about to call vfork(2).
void record_vfork(void);

#endif
