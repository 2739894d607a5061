// The plan that is active, and the calls that hooks have to look at.
//
// A hook of a call that is not watched costs one read of `watched` and the real call.
#ifndef PRELOAD_DECISION_ACTIVE_H
#define PRELOAD_DECISION_ACTIVE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "plan/plan.h"

enum Watch {
  kUnwatched,
  kWatched,
  kNotLoaded,  // the library's constructor has not run yet; the first call runs it
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

// Makes every plan watch all calls, and even no plan.
void watch_all(void);

// Makes the plan active; NULL: no plan. The first time, counting starts for the plan.
void activate(struct Plan* plan);

// Returns memory for a plan, zeroed, from the kernel; or NULL.
struct Plan* new_plan(void);
// Frees a plan that was never active.
void free_plan(struct Plan* plan);

#endif
