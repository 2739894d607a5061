// Creates and removes the control socket.
//
// A socket is listening before it gets the name that clients use. The name of a socket that no
// process serves any more is reused. Files that are not sockets are never removed.
#ifndef PRELOAD_CONTROL_ADDRESS_H
#define PRELOAD_CONTROL_ADDRESS_H

#include <stdbool.h>

// Creates a listening socket with the absolute name `path`. If another process serves that name, or
// if `is_child`, the name is `path`, a dot and the process ID. Only the user may connect. Returns
// the descriptor or -errno.
long listen_at(const char* path, bool is_child);

// Removes the name of the socket that listen_at created, unless it belongs to another socket now.
void remove_address(void);

#endif
