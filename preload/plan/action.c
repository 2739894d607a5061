#include "plan/action.h"

#include <string.h>

#include "plan/errnos.h"
#include "report/text.h"

static const struct {
  const char* name;
  enum Effect effect;
  bool has_value;
  uint64_t value;
  const char* only;  // the only call that has this action; NULL: all calls that have the effect
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

static bool parse_named_action(struct Parser* parser, int row, struct Action* action) {
  action->effect = kActions[row].effect;
  action->value = kActions[row].value;
  if (kActions[row].effect == kAgain) action->alternates = true;
  if (!kActions[row].has_value) return true;
  if (!accept_char(parser, '=')) {
    struct Word word = {kActions[row].name, strlen(kActions[row].name)};
    return fail_parsing(parser, parser->next, "$ needs a value: $=N", word);
  }
  return parse_number(parser, 1, &action->value);
}

static bool applies(enum Call call, int row, const struct Action* action, struct Word word) {
  if (row < 0) return may_fail_with(call, word.text, word.length);
  if (kActions[row].only != NULL && strcmp(kActions[row].only, kCalls[call].name) != 0)
    return false;
  return (kCalls[call].effects & 1u << action->effect) != 0;
}

static bool fail_for_call(struct Parser* parser, enum Call call, bool is_errno, struct Word word) {
  char message[kMessageLength];
  struct Text text = text_in(message, sizeof message);
  add_string(&text, is_errno ? "$ is not an error of " : "$ does not apply to ");
  add_string(&text, kCalls[call].name);
  if (is_errno) {
    add_string(&text, ", which may fail with");
    add_bytes(&text, kCalls[call].errors, strlen(kCalls[call].errors) - 1);
  }
  return fail_parsing(parser, word.text, message, word);
}

// For io_getevents, most actions apply either to the call itself or to the completions that it
// returns. `short` applies to both and means the completions; `half`, `max` and `one` mean the
// number of events.
static void choose_completions(struct Rule* rule, CallSet* named, int row, struct Word word) {
  CallSet io_getevents = set_of(kIoGetevents), completion = set_of(kCompletion);
  if ((rule->calls & io_getevents) == 0 || !applies(kCompletion, row, &rule->action, word)) return;
  if (!word_equals(word, "short") && applies(kIoGetevents, row, &rule->action, word)) return;
  rule->calls = (rule->calls & ~io_getevents) | completion;
  *named = (*named & ~io_getevents) | completion;
}

// Removes the calls to which the action does not apply.
static bool keep_matching_calls(struct Parser* parser, struct Rule* rule, CallSet named, int row,
                                struct Word word) {
  choose_completions(rule, &named, row, word);
  CallSet matching = 0;
  for (int call = 0; call < kCallCount; call++) {
    CallSet set = set_of((enum Call)call);
    if ((rule->calls & set) == 0) continue;
    if (applies((enum Call)call, row, &rule->action, word)) {
      matching |= set;
    } else if ((named & set) != 0) {
      return fail_for_call(parser, (enum Call)call, row < 0, word);
    }
  }
  if (matching == 0)
    return fail_parsing(parser, word.text, "$ applies to none of these calls", word);
  rule->calls = matching;
  return true;
}

bool parse_action(struct Parser* parser, struct Rule* rule, CallSet named) {
  struct Word word = take_word(parser, false);
  int row = 0;
  while (row < kActionCount && !word_equals(word, kActions[row].name))
    row++;
  if (row < kActionCount) {
    if (!parse_named_action(parser, row, &rule->action)) return false;
  } else {
    row = -1;
    rule->action.effect = kFail;
    rule->action.error = errno_named(word.text, word.length);
    if (rule->action.error == 0)
      return fail_parsing(parser, word.text,
                          word.length > 0 ? "$ is neither an action nor the name of an errno"
                                          : "expected an action",
                          word);
  }
  return keep_matching_calls(parser, rule, named, row, word);
}
