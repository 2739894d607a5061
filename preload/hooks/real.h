// The functions that the program would call without the shim: the next definition of each name.
//
// All names are looked up before main, because dlsym takes locks and a signal handler may call a
// hook. Any thread may call these.
#ifndef PRELOAD_HOOKS_REAL_H
#define PRELOAD_HOOKS_REAL_H

#include "plan/calls.h"

// Looks up every name. A name that no loaded library defines yet is looked up again when the
// program calls it.
void look_up_all(void);

// Returns the function. If no library defines it, writes an error message and aborts.
void* real_function(enum Function function);

#define REAL(name) ((__typeof__(&name))real_function(kFunction_##name))

#endif
