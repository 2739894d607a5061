// The evaluation of one call, and the two steps for a rule whose conditions hold.
//
// decision.c evaluates the rules in order; possible.c and execute.c contain the steps.
#ifndef PRELOAD_DECISION_EVALUATION_H
#define PRELOAD_DECISION_EVALUATION_H

#include "decision/decision.h"
#include "decision/descriptors.h"

struct Evaluation {
  const struct CallInfo* info;
  struct Plan* plan;
  struct Subject subject;
  uint64_t number;          // of the call (enum Counting)
  uint64_t process_number;  // of the call, among those that the current rule matches
  uint64_t delay_ms;
  struct Decision decision;
};

// Returns true if the kernel could cause the rule's fault in this call, if the fault would change
// the call, and if no sandbox forbids the system calls that the fault needs.
bool is_possible(const struct Evaluation* evaluation, const struct Rule* rule);

// Returns the length to which the rule cuts the transfer, or 0 if it cannot be cut.
size_t cut_length(const struct Evaluation* evaluation, const struct Rule* rule);

// Executes the rule's action, counts and logs the fault. Returns whether the call is decided; after
// a delay, later rules are still evaluated.
bool execute(struct Evaluation* evaluation, struct Rule* rule);

#endif
