// Plans turned on, off and over in a running program, by a socket that `sockopctl` talks to.
//
// A request is one line, the answer is text until the end of the stream:
//
//   status        the plan, what each rule did, and the table of calls
//   plan TEXT     another plan, counted from the start; a mistake leaves the old one in force
//   off           no faults from now on
//   on            the plan again, its counting goes on
//   over          the plan again from its start: every count, and the number of the next connection
//
// A thread of the shim's own answers, so this part alone may block. If another process answers at
// the path already, and in a forked child, the socket is the path with a dot and the process
// number. The process that made a socket removes it at its end.
#ifndef PRELOAD_CONTROL_H
#define PRELOAD_CONTROL_H

#include "sandbox.h"

// The path is copied. Returns 0 or -errno.
int start_control(const char* path);
void restart_control(void);  // in a forked child, which has not its parent's thread
void stop_control(void);     // at the end: the socket's file goes

// Ends the thread, and removes the socket, if the filter would forbid what the thread does.
void prepare_control_for(const struct Filter* filter);

#endif
