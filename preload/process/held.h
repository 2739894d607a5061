// The descriptors that the shim keeps open: the log, a duplicate of standard error, and the
// listening socket of the control interface.
//
// The program may use any descriptor number, so the shim's descriptors have high numbers. If the
// program wants one of these (dup2, fcntl), the shim's descriptor moves to another number. The
// hooks make the shim's descriptors look closed to the program. There are no locks; any thread and
// any signal handler may call these functions.
#ifndef PRELOAD_PROCESS_HELD_H
#define PRELOAD_PROCESS_HELD_H

#include <stdbool.h>

enum Held { kHeldLog, kHeldStderr, kHeldListener, kHeldCount };

// Replaces `fd` by a duplicate with a high number, which the shim then holds; if that fails, holds
// `fd` itself. Returns the number.
int hold(enum Held which, int fd);

// Holds a duplicate of `fd`, and leaves `fd` open. Returns the number, or -1 on failure.
int hold_duplicate(enum Held which, int fd);

// Returns the number of a held descriptor, or -1. The program may have closed the descriptor in a
// way that no hook sees.
int held(enum Held which);

// Closes a held descriptor.
void release(enum Held which);

// Returns whether the shim holds `fd`. False in a child of vfork, which owns all its descriptors.
bool is_held(int fd);

// Returns the lowest held number in [first, last], or -1.
int lowest_held(unsigned first, unsigned last);

// If the shim holds `fd`, moves its descriptor to another number and returns true. `fd` remains
// open: the caller replaces or closes it.
bool make_way(int fd);

#endif
