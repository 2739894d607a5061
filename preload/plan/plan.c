#include "plan/plan.h"

#include <string.h>

#include "plan/action.h"
#include "plan/parser.h"

// The rules of the shim in the public coursework checker: send moves half, recv at most 20 bytes or
// else half, sendfile half if it is asked for more than 32 bytes. That shim ignores epoll.
static const char kCourse[] =
    "strict; send:half[fd=any]; recv:max=20[above=20,fd=any]; recv:half[fd=any]; "
    "sendfile:half[above=32,fd=any]";

// ---- When and where

static bool parse_count(struct Parser* parser, uint64_t* at, uint64_t* from) {
  uint64_t number;
  if (!parse_number(parser, 1, &number)) return false;
  if (*parser->next == '+') {
    parser->next++;
    *from = number;
  } else {
    *at = number;
  }
  return true;
}

// Parses a condition if one comes next, and sets `found`.
static bool parse_when(struct Parser* parser, struct When* when, bool* found) {
  *found = true;
  if (accept_char(parser, '@')) {
    if (!accept_char(parser, '@')) return parse_count(parser, &when->at, &when->from);
    return parse_count(parser, &when->process_at, &when->process_from);
  }
  if (accept_char(parser, '%'))
    return parse_number(parser, 1, accept_char(parser, '%') ? &when->process_every : &when->every);
  if (accept_char(parser, '~')) {
    when->has_chance = true;
    return parse_chance(parser, &when->chance);
  }
  struct Parser ahead = *parser;
  *found = word_equals(take_word(&ahead, false), "once");
  if (*found) {
    when->once = true;
    *parser = ahead;
  }
  return true;
}

static bool parse_kind(struct Parser* parser, unsigned* kinds) {
  struct Word word = take_word(parser, false);
  if (word_equals(word, "socket")) {
    *kinds = 1u << kSocketKind;
  } else if (word_equals(word, "listener")) {
    *kinds = 1u << kListenerKind;
  } else if (word_equals(word, "file")) {
    *kinds = 1u << kFileKind;
  } else if (word_equals(word, "any")) {
    *kinds = 1u << kSocketKind | 1u << kListenerKind | 1u << kFileKind | 1u << kOtherKind;
  } else {
    return fail_parsing(parser, word.text, "unknown kind '$': fd is socket, listener, file or any",
                        word);
  }
  return true;
}

static bool parse_path(struct Parser* parser, struct Where* where) {
  skip_blanks(parser);
  where->path = parser->next;
  while (*parser->next != '\0' && *parser->next != ',' && *parser->next != ']' &&
         *parser->next != '\n')
    parser->next++;
  where->path_length = (size_t)(parser->next - where->path);
  return where->path_length > 0 ||
         fail_parsing(parser, parser->next, "expected a pattern for a path", kNoWord);
}

static bool parse_where(struct Parser* parser, struct Where* where) {
  do {
    struct Word key = take_word(parser, false);
    uint64_t port = 0;
    if (!accept_char(parser, '='))
      return fail_parsing(parser, key.text,
                          "expected key=value; the keys are fd, path, port, conn and above", key);
    if (word_equals(key, "fd")) {
      if (!parse_kind(parser, &where->kinds)) return false;
    } else if (word_equals(key, "path")) {
      if (!parse_path(parser, where)) return false;
    } else if (word_equals(key, "port")) {
      const char* begin = parser->next;
      if (!parse_number(parser, 1, &port)) return false;
      if (port > 65535) return fail_parsing(parser, begin, "a port is at most 65535", kNoWord);
      where->port = (unsigned)port;
    } else if (word_equals(key, "conn")) {
      if (!parse_number(parser, 1, &where->connection)) return false;
    } else if (word_equals(key, "above")) {
      if (!parse_number(parser, 1, &where->above)) return false;
    } else {
      return fail_parsing(parser, key.text,
                          "unknown key '$'; the keys are fd, path, port, conn and above", key);
    }
  } while (accept_char(parser, ','));
  return accept_char(parser, ']') || fail_parsing(parser, parser->next, "expected ]", kNoWord);
}

// ---- Items

static bool parse_calls(struct Parser* parser, CallSet* all, CallSet* named) {
  do {
    struct Word word = take_word(parser, true);
    CallSet calls = word.length > 0 ? calls_named(word.text, word.length) : 0;
    if (word.length == 0)
      return fail_parsing(parser, word.text, "expected the name of a call before '$'",
                          peek(parser));
    if (calls == 0) return fail_parsing(parser, word.text, "unknown call $", word);
    *all |= calls;
    if (memchr(word.text, '*', word.length) == NULL) *named |= calls;
  } while (accept_char(parser, ','));
  return accept_char(parser, ':') ||
         fail_parsing(parser, parser->next, "expected a colon and an action", kNoWord);
}

static bool parse_rule(struct Parser* parser) {
  struct Plan* plan = parser->plan;
  if (plan->rule_count == kRuleLimit)
    return fail_parsing(parser, parser->next, "too many rules", kNoWord);
  struct Rule* rule = &plan->rules[plan->rule_count];
  rule->where.kinds = 1u << kSocketKind | 1u << kListenerKind | 1u << kFileKind;
  skip_blanks(parser);
  rule->begin = (size_t)(parser->next - plan->text);
  CallSet named = 0;
  if (!parse_calls(parser, &rule->calls, &named) || !parse_action(parser, rule, named))
    return false;
  for (bool found = true; found;) {
    if (!parse_when(parser, &rule->when, &found)) return false;
    if (found) rule->action.alternates = false;
  }
  if (accept_char(parser, '[') && !parse_where(parser, &rule->where)) return false;
  rule->end = (size_t)(parser->next - plan->text);
  plan->calls |= rule->calls;
  plan->rule_count++;
  return true;
}

static bool parse_items(struct Parser* parser);

// Rules refer to their words in the plan's text, so the rules of the course are added at its end.
static bool parse_course(struct Parser* parser) {
  char* end = parser->plan->text + strlen(parser->plan->text) + 1;
  if (end + sizeof kCourse > parser->plan->text + kPlanLength)
    return fail_parsing(parser, parser->next, "the plan is too long", kNoWord);
  memcpy(end, kCourse, sizeof kCourse);
  struct Parser course = {parser->plan, end, parser->error};
  return parse_items(&course);
}

static bool parse_item(struct Parser* parser) {
  struct Parser ahead = *parser;
  struct Word word = take_word(&ahead, false);
  bool is_seed = word_equals(word, "seed");
  if (word_equals(word, "strict")) {
    *parser = ahead;
    parser->plan->is_strict = true;
    return true;
  }
  if (word_equals(word, "course")) {
    *parser = ahead;
    return parse_course(parser);
  }
  if ((is_seed || word_equals(word, "first")) && accept_char(&ahead, '=')) {
    *parser = ahead;
    return parse_number(parser, is_seed ? 0 : 1,
                        is_seed ? &parser->plan->seed : &parser->plan->first_connection);
  }
  return parse_rule(parser);
}

static bool at_end_of_item(struct Parser* parser) {
  skip_blanks(parser);
  return *parser->next == '\0' || *parser->next == ';' || *parser->next == '\n';
}

static bool parse_items(struct Parser* parser) {
  for (;;) {
    while (at_end_of_item(parser)) {
      if (*parser->next == '\0') return true;
      parser->next++;
    }
    if (!parse_item(parser)) return false;
    if (!at_end_of_item(parser))
      return fail_parsing(parser, parser->next, "unexpected '$'", peek(parser));
  }
}

bool parse_plan(struct Plan* plan, struct ParseError* error) {
  struct Parser parser = {plan, plan->text, error};
  return parse_items(&parser);
}
