#include "plan_action.h"

#include <string.h>

#include "errnos.h"
#include "text.h"

static const struct {
  const char* name;
  enum Effect effect;
  bool has_value;
  uint64_t value;
  const char* only;  // the one call that knows the word, NULL: whichever knows the effect
} kActions[] = {
    {"half", kHalf, false, 0, NULL},
    {"short", kHalf, false, 0, NULL},
    {"max", kMax, true, 0, NULL},
    {"one", kMax, false, 1, NULL},
    {"zero", kZero, false, 0, NULL},
    {"again", kAgain, false, 0, NULL},
    {"reset", kReset, false, 0, NULL},
    {"pipe", kPipe, false, 0, NULL},
    {"delay", kDelay, true, 0, NULL},
    {"rate", kRate, true, 0, NULL},
    {"fewer", kHalf, false, 0, "io_submit"},
};

enum { kActionCount = sizeof kActions / sizeof kActions[0] };

static bool take_named_action(struct Parser* parser, int row, struct Action* action) {
  action->effect = kActions[row].effect;
  action->value = kActions[row].value;
  if (kActions[row].effect == kAgain) action->alternates = true;
  if (!kActions[row].has_value) return true;
  if (!takes(parser, '=')) {
    struct Word word = {kActions[row].name, strlen(kActions[row].name)};
    return fails(parser, parser->at, "$ needs a value: $=N", word);
  }
  return take_number(parser, 1, &action->value);
}

static bool knows(enum Call call, int row, const struct Action* action, struct Word word) {
  if (row < 0) return may_fail_with(call, word.at, word.length);
  if (kActions[row].only != NULL && strcmp(kActions[row].only, kCalls[call].name) != 0)
    return false;
  return (kCalls[call].effects & 1u << action->effect) != 0;
}

// Keeps of the rule's calls those that know the action. Where calls were named one by one, all
// must; a name with a star means those that do.
static bool keep_able_calls(struct Parser* parser, struct Rule* rule, CallSet named, int row,
                            struct Word word) {
  // What AIO completes with is no answer of io_getevents itself, so the two cannot be confused:
  // but for `short`, which is about the completion, and `half`, `max` and `one`, about their count.
  if ((rule->calls & set_of(kIoGetevents)) != 0 &&
      (is(word, "short") || !knows(kIoGetevents, row, &rule->action, word)) &&
      knows(kCompletion, row, &rule->action, word)) {
    rule->calls = (rule->calls & ~set_of(kIoGetevents)) | set_of(kCompletion);
    named = (named & ~set_of(kIoGetevents)) | set_of(kCompletion);
  }
  CallSet able = 0;
  for (int call = 0; call < kCallCount; call++) {
    CallSet set = set_of((enum Call)call);
    if ((rule->calls & set) == 0) continue;
    if (knows((enum Call)call, row, &rule->action, word)) {
      able |= set;
    } else if ((named & set) != 0) {
      char what[kMistakeLength];
      struct Text text = text_in(what, sizeof what);
      add_string(&text, row < 0 ? "$ is no error of " : "$ is nothing that can happen to ");
      add_string(&text, kCalls[call].name);
      if (row < 0) {
        add_string(&text, ", which knows");
        add_bytes(&text, kCalls[call].errors, strlen(kCalls[call].errors) - 1);
      }
      return fails(parser, word.at, what, word);
    }
  }
  if (able == 0) return fails(parser, word.at, "$ can happen to none of these calls", word);
  rule->calls = able;
  return true;
}

bool take_action(struct Parser* parser, struct Rule* rule, CallSet named) {
  struct Word word = take_word(parser, false);
  int row = 0;
  while (row < kActionCount && !is(word, kActions[row].name))
    row++;
  if (row < kActionCount) {
    if (!take_named_action(parser, row, &rule->action)) return false;
  } else {
    row = -1;
    rule->action.effect = kFail;
    rule->action.error = errno_named(word.at, word.length);
    if (rule->action.error == 0)
      return fails(parser, word.at,
                   word.length > 0 ? "$ is no action and no errno's name" : "an action is missing",
                   word);
  }
  return keep_able_calls(parser, rule, named, row, word);
}
