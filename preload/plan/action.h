// The actions of a plan: the words that name them, and the calls to which each applies.
#ifndef PRELOAD_PLAN_ACTION_H
#define PRELOAD_PLAN_ACTION_H

#include "plan/parser.h"

// Parses the action of `rule` and removes from the rule the calls to which the action does not
// apply. It is an error if one of these is in `named`, the calls that the plan names without a
// pattern.
bool parse_action(struct Parser* parser, struct Rule* rule, CallSet named);

#endif
