// When a rule applies. The one source of chance, and it has no state.
#ifndef PRELOAD_WHEN_H
#define PRELOAD_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

// All that a decision may depend on, beside the plan.
struct Occasion {
  enum Call call;
  uint64_t whose;           // the connection's number, or what takes its place
  uint64_t number;          // of the call, by enum Counting
  uint64_t process_number;  // of the calls that the rule is about
};

// Whether the rule applies on this occasion, but for `once`.
bool is_due(const struct Plan* plan, const struct Rule* rule, const struct Occasion* occasion);

#endif
