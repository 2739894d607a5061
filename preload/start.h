// The start and the end of the shim: it reads the environment before main, and writes the table of
// calls when the process exits.
#ifndef PRELOAD_START_H
#define PRELOAD_START_H

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_int start_state;
enum StartState { kIdle, kStarting, kStarted };

// Starts the shim, unless it has started or another thread is starting it. Exits with status 2 if
// the environment is not valid.
void start_once(void);

// Returns whether the shim has started. A hook may run before the library's constructor, and then
// starts it.
static inline bool is_started(void) {
  if (atomic_load_explicit(&start_state, memory_order_acquire) == kStarted) return true;
  start_once();
  return atomic_load_explicit(&start_state, memory_order_acquire) == kStarted;
}

// Writes the table and removes the control socket. Called before the process exits.
void end_process(void);

#endif
