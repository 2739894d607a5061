#include "plan.h"

#include <string.h>

#include "errnos.h"
#include "text.h"

struct Parser {
  struct Plan* plan;
  const char* at;  // the next character
  struct Mistake* mistake;
};

struct Word {
  const char* at;
  size_t length;
};

// The rules of the public coursework checker's shim: send halved; recv at most 20 bytes, of fewer
// half; sendfile halved above 32 bytes. It knows nothing of epoll.
static const char kCourse[] =
    "strict; send:half[fd=any]; recv:max=20[above=20,fd=any]; recv:half[fd=any]; "
    "sendfile:half[above=32,fd=any]";

static bool fails(struct Parser* parser, const char* at, const char* what, struct Word word) {
  struct Text text = text_in(parser->mistake->what, kMistakeLength);
  for (; *what != '\0'; what++) {
    if (*what == '$') {
      add_bytes(&text, word.at, word.length);
    } else {
      add_bytes(&text, what, 1);
    }
  }
  parser->mistake->at = (size_t)(at - parser->plan->text);
  return false;
}

static const struct Word kNoWord = {"", 0};

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Blanks, and comments: from # to the end of the line.
static void skip_blanks(struct Parser* parser) {
  while (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\r' || *parser->at == '#') {
    if (*parser->at++ != '#') continue;
    while (*parser->at != '\0' && *parser->at != '\n')
      parser->at++;
  }
}

static bool takes(struct Parser* parser, char c) {
  skip_blanks(parser);
  if (*parser->at != c) return false;
  parser->at++;
  return true;
}

// The word here; empty if none begins here. A call's name may have stars in it.
static struct Word take_word(struct Parser* parser, bool is_call) {
  skip_blanks(parser);
  struct Word word = {parser->at, 0};
  while (is_letter(*parser->at) || is_digit(*parser->at) || (is_call && *parser->at == '*'))
    parser->at++;
  word.length = (size_t)(parser->at - word.at);
  return word;
}

static bool is(struct Word word, const char* name) {
  return strlen(name) == word.length && strncmp(name, word.at, word.length) == 0;
}

// What stands here for the reader of a mistake: the word, or the one character.
static struct Word here(struct Parser* parser) {
  struct Parser ahead = *parser;
  struct Word word = take_word(&ahead, true);
  if (word.length == 0 && *word.at != '\0' && *word.at != '\n') word.length = 1;
  return word;
}

static bool take_number(struct Parser* parser, uint64_t least, uint64_t* number) {
  skip_blanks(parser);
  const char* begin = parser->at;
  *number = 0;
  for (; is_digit(*parser->at); parser->at++) {
    if (*number > (UINT64_MAX - 9) / 10)
      return fails(parser, begin, "the number is too large", kNoWord);
    *number = *number * 10 + (uint64_t)(*parser->at - '0');
  }
  if (parser->at == begin) return fails(parser, begin, "a number should stand here", kNoWord);
  if (*number < least) return fails(parser, begin, "the number must be at least 1", kNoWord);
  return true;
}

// A decimal fraction from 0 to 1, without a locale and without an exponent.
static bool take_chance(struct Parser* parser, double* chance) {
  skip_blanks(parser);
  const char* begin = parser->at;
  double scale = 0;
  *chance = 0;
  for (; is_digit(*parser->at) || (*parser->at == '.' && scale == 0); parser->at++) {
    if (*parser->at == '.') {
      scale = 1;
    } else if (scale == 0) {
      *chance = *chance * 10 + (*parser->at - '0');
    } else {
      scale /= 10;
      *chance += scale * (*parser->at - '0');
    }
  }
  if (parser->at == begin || *chance > 1)
    return fails(parser, begin, "a probability from 0 to 1 should stand here", kNoWord);
  return true;
}

// ---- Actions

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

static bool take_action(struct Parser* parser, struct Rule* rule, CallSet named) {
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

// ---- When and where

static bool take_count(struct Parser* parser, uint64_t* at, uint64_t* from) {
  uint64_t number;
  if (!take_number(parser, 1, &number)) return false;
  if (*parser->at == '+') {
    parser->at++;
    *from = number;
  } else {
    *at = number;
  }
  return true;
}

// One condition, if one stands here: sets `found`.
static bool take_when(struct Parser* parser, struct When* when, bool* found) {
  *found = true;
  if (takes(parser, '@')) {
    if (!takes(parser, '@')) return take_count(parser, &when->at, &when->from);
    return take_count(parser, &when->process_at, &when->process_from);
  }
  if (takes(parser, '%'))
    return take_number(parser, 1, takes(parser, '%') ? &when->process_every : &when->every);
  if (takes(parser, '~')) {
    when->has_chance = true;
    return take_chance(parser, &when->chance);
  }
  struct Parser ahead = *parser;
  *found = is(take_word(&ahead, false), "once");
  if (*found) {
    when->once = true;
    *parser = ahead;
  }
  return true;
}

static bool take_kind(struct Parser* parser, unsigned* kinds) {
  struct Word word = take_word(parser, false);
  if (is(word, "socket")) {
    *kinds = 1u << kSocketKind;
  } else if (is(word, "listener")) {
    *kinds = 1u << kListenerKind;
  } else if (is(word, "file")) {
    *kinds = 1u << kFileKind;
  } else if (is(word, "any")) {
    *kinds = 1u << kSocketKind | 1u << kListenerKind | 1u << kFileKind | 1u << kOtherKind;
  } else {
    return fails(parser, word.at, "'$' is no kind: fd is socket, listener, file or any", word);
  }
  return true;
}

static bool take_path(struct Parser* parser, struct Where* where) {
  skip_blanks(parser);
  where->path = parser->at;
  while (*parser->at != '\0' && *parser->at != ',' && *parser->at != ']' && *parser->at != '\n')
    parser->at++;
  where->path_length = (size_t)(parser->at - where->path);
  return where->path_length > 0 ||
         fails(parser, parser->at, "a path's pattern is missing", kNoWord);
}

static bool take_where(struct Parser* parser, struct Where* where) {
  do {
    struct Word key = take_word(parser, false);
    uint64_t port = 0;
    if (!takes(parser, '='))
      return fails(parser, key.at, "key=value should stand here: fd, path, port, conn or above",
                   key);
    if (is(key, "fd")) {
      if (!take_kind(parser, &where->kinds)) return false;
    } else if (is(key, "path")) {
      if (!take_path(parser, where)) return false;
    } else if (is(key, "port")) {
      const char* begin = parser->at;
      if (!take_number(parser, 1, &port)) return false;
      if (port > 65535) return fails(parser, begin, "a port is at most 65535", kNoWord);
      where->port = (unsigned)port;
    } else if (is(key, "conn")) {
      if (!take_number(parser, 1, &where->connection)) return false;
    } else if (is(key, "above")) {
      if (!take_number(parser, 1, &where->above)) return false;
    } else {
      return fails(parser, key.at, "'$' is no key: fd, path, port, conn and above are", key);
    }
  } while (takes(parser, ','));
  return takes(parser, ']') || fails(parser, parser->at, "a ] is missing", kNoWord);
}

// ---- Items

static bool take_calls(struct Parser* parser, CallSet* all, CallSet* named) {
  do {
    struct Word word = take_word(parser, true);
    CallSet calls = word.length > 0 ? calls_named(word.at, word.length) : 0;
    if (word.length == 0)
      return fails(parser, word.at, "a call's name is missing before '$'", here(parser));
    if (calls == 0) return fails(parser, word.at, "$ is no call that is hooked", word);
    *all |= calls;
    if (memchr(word.at, '*', word.length) == NULL) *named |= calls;
  } while (takes(parser, ','));
  return takes(parser, ':') ||
         fails(parser, parser->at, "a colon and an action are missing", kNoWord);
}

static bool take_rule(struct Parser* parser) {
  struct Plan* plan = parser->plan;
  if (plan->rule_count == kRuleLimit) return fails(parser, parser->at, "too many rules", kNoWord);
  struct Rule* rule = &plan->rules[plan->rule_count];
  rule->where.kinds = 1u << kSocketKind | 1u << kListenerKind | 1u << kFileKind;
  skip_blanks(parser);
  rule->begin = (size_t)(parser->at - plan->text);
  CallSet named = 0;
  if (!take_calls(parser, &rule->calls, &named) || !take_action(parser, rule, named)) return false;
  for (bool found = true; found;) {
    if (!take_when(parser, &rule->when, &found)) return false;
    if (found) rule->action.alternates = false;
  }
  if (takes(parser, '[') && !take_where(parser, &rule->where)) return false;
  rule->end = (size_t)(parser->at - plan->text);
  plan->calls |= rule->calls;
  plan->rule_count++;
  return true;
}

static bool parse_items(struct Parser* parser);

// The course's rules stand in the plan's text, behind the plan: rules refer to their words there.
static bool take_course(struct Parser* parser) {
  char* end = parser->plan->text + strlen(parser->plan->text) + 1;
  if (end + sizeof kCourse > parser->plan->text + kPlanLength)
    return fails(parser, parser->at, "the plan is too long", kNoWord);
  memcpy(end, kCourse, sizeof kCourse);
  struct Parser course = {parser->plan, end, parser->mistake};
  return parse_items(&course);
}

static bool take_item(struct Parser* parser) {
  struct Parser ahead = *parser;
  struct Word word = take_word(&ahead, false);
  bool is_seed = is(word, "seed");
  if (is(word, "strict")) {
    *parser = ahead;
    parser->plan->is_strict = true;
    return true;
  }
  if (is(word, "course")) {
    *parser = ahead;
    return take_course(parser);
  }
  if ((is_seed || is(word, "first")) && takes(&ahead, '=')) {
    *parser = ahead;
    return take_number(parser, is_seed ? 0 : 1,
                       is_seed ? &parser->plan->seed : &parser->plan->first_connection);
  }
  return take_rule(parser);
}

static bool at_end_of_item(struct Parser* parser) {
  skip_blanks(parser);
  return *parser->at == '\0' || *parser->at == ';' || *parser->at == '\n';
}

static bool parse_items(struct Parser* parser) {
  for (;;) {
    while (at_end_of_item(parser)) {
      if (*parser->at == '\0') return true;
      parser->at++;
    }
    if (!take_item(parser)) return false;
    if (!at_end_of_item(parser))
      return fails(parser, parser->at, "'$' is not understood here", here(parser));
  }
}

bool parse_plan(struct Plan* plan, struct Mistake* mistake) {
  struct Parser parser = {plan, plan->text, mistake};
  return parse_items(&parser);
}
