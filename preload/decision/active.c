#include "decision/active.h"

#include "decision/descriptors.h"
#include "process/kernel.h"

// malloc may be called before the C library is initialized, so a call of malloc does not start the
// shim.
atomic_uchar watched[kCallCount] = {[0 ... kMalloc - 1] = kNotLoaded, [kMalloc] = kUnwatched};
struct Counter counters[kCallCount];

static _Atomic(struct Plan*) active;
static atomic_uint generations;
static bool is_all_watched;

struct Plan* active_plan(void) {
  return atomic_load_explicit(&active, memory_order_acquire);
}

struct Plan* new_plan(void) {
  return map_memory(sizeof(struct Plan));
}

void free_plan(struct Plan* plan) {
  unmap_memory(plan, sizeof(struct Plan));
}

// These calls create and close descriptors. They are watched whichever calls the plan names.
static const CallSet kTracked =
    (CallSet)1 << kAccept | (CallSet)1 << kAccept4 | (CallSet)1 << kConnect | (CallSet)1 << kOpen |
    (CallSet)1 << kOpenat | (CallSet)1 << kOpenat2 | (CallSet)1 << kClose | (CallSet)1 << kSocket;

void reset_counters(void) {
  for (int call = 0; call < kCallCount; call++) {
    atomic_store(&counters[call].seen, 0);
    atomic_store(&counters[call].faults, 0);
  }
}

void watch_all(void) {
  is_all_watched = true;
}

void activate(struct Plan* plan) {
  if (plan != NULL && plan->generation == 0) {
    plan->generation = 1 + atomic_fetch_add(&generations, 1);
    if (plan->first_connection > 0) number_connections_from(plan->first_connection);
  }
  atomic_store_explicit(&active, plan, memory_order_release);
  CallSet calls = plan != NULL && plan->rule_count > 0 ? plan->calls | kTracked : 0;
  for (int call = 0; call < kCallCount; call++) {
    bool is_needed = is_all_watched || (calls & set_of((enum Call)call)) != 0;
    atomic_store_explicit(&watched[call], is_needed ? kWatched : kUnwatched, memory_order_release);
  }
}
