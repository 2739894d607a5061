// What is armed at the moment: the plan, and which calls anyone wants to know about.
//
// The idle path of a hook is one look at `watched` and the real call.
#ifndef PRELOAD_ARMS_H
#define PRELOAD_ARMS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "plan.h"

enum Watch {
  kUnwatched,
  kWatched,
  kNotStarted,  // before our constructor ran: the first call arms the plan
};

extern atomic_uchar watched[kCallCount];

// Calls seen and faults given since the start or since `over`, for the table at exit.
struct Tally {
  atomic_uint_fast64_t seen, faults;
};
extern struct Tally tallies[kCallCount];

// The plan in force; NULL if there is none. One that was in force is never freed: a hook may still
// read it.
struct Plan* current_plan(void);

// From now on every call is to be seen, whatever the plan is about.
void watch_all(void);

// Puts the plan in force, or none (NULL). Counting starts with a plan's first time.
void arm(struct Plan* plan);

// Memory for a plan, zeroed, from the kernel; NULL if there is none.
struct Plan* new_plan(void);
// Gives back one that never was in force.
void drop_plan(struct Plan* plan);

#endif
