// The active plan, and the calls that hooks have to check.
//
// A hook for a call that is not watched reads `watched` and makes the real call.
#ifndef PRELOAD_DECISION_ACTIVE_H
#define PRELOAD_DECISION_ACTIVE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "plan/plan.h"

enum Watch {
  kUnwatched,
  kWatched,
  kNotLoaded,  // the shim has not started yet; the first call starts it
};

extern atomic_uchar watched[kCallCount];

static inline bool is_watched(enum Call call) {
  return atomic_load_explicit(&watched[call], memory_order_relaxed) != kUnwatched;
}

// The calls that were seen and the faults that were injected since the start, or since `over`.
struct Counter {
  atomic_uint_fast64_t seen, faults;
};
extern struct Counter counters[kCallCount];

// Sets all counters to 0.
void reset_counters(void);

// Returns the active plan, or NULL. A plan that has been active is never freed, because a hook may
// still read it.
struct Plan* active_plan(void);

// Watches all calls from now on, whichever plan is active.
void watch_all(void);

// Activates the plan; NULL stops all faults. Counting starts when a plan is activated for the first
// time.
void activate(struct Plan* plan);

// Allocates a zeroed plan. Returns NULL if there is no memory.
struct Plan* new_plan(void);
// Frees a plan that was never active.
void free_plan(struct Plan* plan);

#endif
