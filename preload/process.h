// Which process the shim runs in, without a system call at every question.
//
// A child of vfork(2) runs in its parent's memory but has descriptors of its own: what the shim
// knows of the parent's descriptors must not change while the child closes and duplicates its own.
// Any thread may call these, and so may signal handlers.
#ifndef PRELOAD_PROCESS_H
#define PRELOAD_PROCESS_H

#include <stdbool.h>

// The process number as it was at load or after the last fork(2).
long process_id(void);

// The process number as the kernel gives it now; process_id() if a sandbox refuses the question.
// It differs from process_id() in a child of vfork, and in a child that clone(2) made.
long current_process_id(void);

// Whether this is a child of vfork. Makes a system call only on a thread that has called vfork.
bool is_vfork_child(void);

// Called at load, and in the child after fork(2).
void note_process(void);

// Called before the thread calls vfork(2).
void note_vfork(void);

#endif
