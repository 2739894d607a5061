// The control socket: `sockopctl` changes the plan of a running program through it.
//
// A request is one line. The answer is text, up to the end of the stream:
//
//   status        prints the plan, the counts of each rule, and the table of calls
//   plan TEXT     activates another plan and starts counting; an invalid plan changes nothing
//   off           stops all faults
//   on            activates the plan again and continues counting
//   over          restarts the plan: all counts, and the numbers of new connections
//
// A thread of the shim serves the socket. No other code of the shim may block.
//
// The socket has the path that SOCKOP_CONTROL names. In a forked child, or if another process
// already serves that path, the path is followed by a dot and the process ID. The process that
// created a socket removes it when it exits.
#ifndef PRELOAD_CONTROL_CONTROL_H
#define PRELOAD_CONTROL_CONTROL_H

#include "process/sandbox.h"

// Creates the socket and starts the thread. Copies the path. Returns 0 or -errno.
int start_control(const char* path);

// In the child after fork(2), which has no copy of the thread: starts another one.
void restart_control(void);

// Removes the socket. Called at exit.
void stop_control(void);

// Ends the thread and removes the socket if the filter, once installed, would forbid the system
// calls of the thread.
void prepare_control_for(const struct Filter* filter);

#endif
