// The descriptors that the shim keeps open: its log, a copy of standard error for the table, and
// the listener of the control socket.
//
// A descriptor's number belongs to the program. So these have high numbers, and when the program
// wants one of them (dup2, fcntl), the shim's descriptor moves to another. Closing them is answered
// as if they were not there. No locks; callable from any thread and from signal handlers.
#ifndef PRELOAD_HELD_H
#define PRELOAD_HELD_H

#include <stdbool.h>

enum Held { kHeldLog, kHeldStderr, kHeldListener, kHeldCount };

// Takes `fd` over: it is closed, and a duplicate of it is held at a high number. Returns that
// number; `fd` itself if there is no number for a duplicate.
int hold(enum Held which, int fd);

// Holds a duplicate of `fd`, which stays as it is. Returns -1 if there is none.
int hold_duplicate(enum Held which, int fd);

// The number, or -1. The program may have replaced the descriptor without the shim's knowledge.
int held(enum Held which);

// Closes the descriptor.
void release(enum Held which);

// Whether the number is one of the shim's. Not in a child of vfork, which owns its descriptors.
bool is_held(int fd);

// The lowest number from `first` to `last`, both included, that is one of the shim's; or -1.
int lowest_held(unsigned first, unsigned last);

// If the number is one of the shim's, holds the descriptor under another number. The old number
// stays open, for the program's call to replace or for the caller to close. Returns whether it was
// one of the shim's.
bool make_way(int fd);

#endif
