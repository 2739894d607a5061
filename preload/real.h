// What a name would have been without us, and system calls that no hook sees.
//
// Everything is looked up before main, because dlsym takes locks and a hook may be entered from a
// signal handler. Any thread may call these.
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <stdbool.h>

#include "calls.h"

// Looks every name up that can be found. A library that comes later is looked up on demand.
void look_up_all(void);

// The next definition of the name after ours; aborts with a line if there is none.
void* real_function(enum Spelling spelling);

#define REAL(name) ((__typeof__(&name))real_function(kSpelling_##name))

// A system call past all hooks. Returns -errno on failure, and leaves errno alone. A call that one
// of the program's seccomp filters forbids is not made: -EPERM.
long kernel_call(long number, ...);

// Whether this thread is at work for the shim itself: its calls are then nobody's business.
extern _Thread_local bool in_shim __attribute__((tls_model("initial-exec")));

#endif
