#define _GNU_SOURCE
#include "arms.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "descriptors.h"
#include "real.h"

// malloc is called before the C library is ready to tell what is armed, so it alone does not start
// the shim.
atomic_uchar watched[kCallCount] = {[0 ... kMalloc - 1] = kNotStarted, [kMalloc] = kUnwatched};
struct Tally tallies[kCallCount];

static _Atomic(struct Plan*) plan_in_force;
static atomic_uint generations;
static bool is_all_watched;

struct Plan* current_plan(void) {
  return atomic_load_explicit(&plan_in_force, memory_order_acquire);
}

struct Plan* new_plan(void) {
  long memory = kernel_call(SYS_mmap, 0L, sizeof(struct Plan), (long)(PROT_READ | PROT_WRITE),
                            (long)(MAP_PRIVATE | MAP_ANONYMOUS), -1L, 0L);
  return memory < 0 && memory > -4096 ? NULL : (struct Plan*)memory;
}

void drop_plan(struct Plan* plan) {
  kernel_call(SYS_munmap, plan, sizeof(struct Plan));
}

// Where connections and files begin and end, and what epoll is told, must be known whatever the
// plan is about.
static const CallSet kAlwaysSeen =
    (CallSet)1 << kAccept | (CallSet)1 << kAccept4 | (CallSet)1 << kConnect | (CallSet)1 << kOpen |
    (CallSet)1 << kOpenat | (CallSet)1 << kOpenat2 | (CallSet)1 << kClose | (CallSet)1 << kSocket;

void watch_all(void) {
  is_all_watched = true;
}

void arm(struct Plan* plan) {
  if (plan != NULL && plan->generation == 0) {
    plan->generation = 1 + atomic_fetch_add(&generations, 1);
    if (plan->first_connection > 0) number_connections_from(plan->first_connection);
  }
  atomic_store_explicit(&plan_in_force, plan, memory_order_release);
  CallSet calls = plan != NULL && plan->rule_count > 0 ? plan->calls | kAlwaysSeen : 0;
  for (int call = 0; call < kCallCount; call++) {
    bool is_seen = is_all_watched || (calls & set_of((enum Call)call)) != 0;
    atomic_store_explicit(&watched[call], is_seen ? kWatched : kUnwatched, memory_order_release);
  }
}
