// Checks the conditions of a rule on descriptors, paths, ports and lengths.
//
// Asks the kernel for a path or a port only if a rule needs it, and only once per descriptor.
#ifndef PRELOAD_DECISION_WHERE_H
#define PRELOAD_DECISION_WHERE_H

#include "decision/decision.h"
#include "decision/descriptors.h"

// Returns whether the conditions hold for the call.
bool matches_where(const struct Plan* plan, const struct Rule* rule, const struct CallInfo* info,
                   const struct Subject* subject);

// Returns a hash of the last component of an open file's path. It is the same in every run, and in
// every directory.
uint64_t name_hash(int fd);

// Compares the path and the port of a descriptor with all rules and stores the results. Called
// before a sandbox may forbid it.
void compare_with_rules(const struct Plan* plan, int fd, const struct Subject* subject);

#endif
