// How the shim begins and ends: the environment is read before main, and the table of what was seen
// and done is written at the end.
#ifndef PRELOAD_START_H
#define PRELOAD_START_H

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_int start_state;
enum StartState { kIdle, kStarting, kStarted };

void start_once(void);

// Whether the shim is armed; arms it at the first call that comes before our constructor.
static inline bool is_started(void) {
  if (atomic_load_explicit(&start_state, memory_order_acquire) == kStarted) return true;
  start_once();
  return atomic_load_explicit(&start_state, memory_order_acquire) == kStarted;
}

// Writes the table, once a process.
void end_process(void);

#endif
