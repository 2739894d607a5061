// Checks the conditions of a rule on call numbers and chance. Chance is a hash and has no state.
#ifndef PRELOAD_DECISION_WHEN_H
#define PRELOAD_DECISION_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

// Everything that a decision depends on, apart from the plan.
struct CallNumbers {
  enum Call call;
  uint64_t stream;          // the connection's number, or the hash of the file's name
  uint64_t number;          // of the call (enum Counting)
  uint64_t process_number;  // of the call, among those that the rule matches
};

// Returns whether the conditions hold. Does not check `once`.
bool is_due(const struct Plan* plan, const struct Rule* rule, const struct CallNumbers* numbers);

#endif
