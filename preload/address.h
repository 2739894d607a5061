// The socket file of the control socket: how it comes to be, and how it goes.
//
// A socket listens before it gets the name that others look for, and it takes that name only from a
// socket at which nobody answers any more. No other kind of file is ever removed.
#ifndef PRELOAD_ADDRESS_H
#define PRELOAD_ADDRESS_H

#include <stdbool.h>

// Makes a listening socket at `path`, which is absolute; at `path` with a dot and the process
// number if another process answers at `path`, or if `is_child`. Only the user may connect to it.
// Returns the descriptor or -errno.
long listen_at(const char* path, bool is_child);

// Removes the socket that listen_at made, if it is still the one that has the name.
void remove_address(void);

#endif
