// What a rule does: the words for actions, and which calls they can happen to.
#ifndef PRELOAD_PLAN_ACTION_H
#define PRELOAD_PLAN_ACTION_H

#include "scanner.h"

// Reads the rule's action, and keeps of its calls those that know it. Those of `named` were named
// one by one, and must.
bool take_action(struct Parser* parser, struct Rule* rule, CallSet named);

#endif
