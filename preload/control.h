// Plans turned on, off and over in a running program, by a socket that `sockopctl` talks to.
//
// A thread of its own serves it, so this part alone may block and lock. A forked child has a socket
// of its own: the path with its process number appended.
#ifndef PRELOAD_CONTROL_H
#define PRELOAD_CONTROL_H

#include <stdbool.h>

// Returns 0 or -errno.
int start_control(const char* path);
void restart_control(void);  // in a forked child
void stop_control(void);     // at the end: the socket's file goes
bool is_control(int fd);

#endif
