// Whether a call is one that a rule is about. Asks the kernel only for what the rule names.
#ifndef PRELOAD_WHERE_H
#define PRELOAD_WHERE_H

#include "descriptors.h"
#include "fate.h"

bool is_there(const struct Plan* plan, const struct Rule* rule, const struct Asked* asked,
              const struct Subject* subject);

// Of the last component of an open file's path: the same in every run and under every root.
uint64_t name_hash(int fd);

// Compares the descriptor with all rules and keeps the results: soon a sandbox may forbid to ask.
void compare_with_rules(const struct Plan* plan, int fd, const struct Subject* subject);

#endif
