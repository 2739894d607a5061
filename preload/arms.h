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

// The plan in force; NULL if there is none. Plans are never freed: a hook may still read one.
struct Plan* current_plan(void);

// Puts the plan in force, or none (NULL). `all_calls`: every call is to be seen, armed or not.
void arm(struct Plan* plan, bool all_calls);

// Memory for a plan, zeroed, from the kernel; NULL if there is none.
struct Plan* new_plan(void);

#endif
