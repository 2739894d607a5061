#include "plan.h"

#include <string.h>

#include "plan_action.h"
#include "scanner.h"

// The rules of the public coursework checker's shim: send halved; recv at most 20 bytes, of fewer
// half; sendfile halved above 32 bytes. It knows nothing of epoll.
static const char kCourse[] =
    "strict; send:half[fd=any]; recv:max=20[above=20,fd=any]; recv:half[fd=any]; "
    "sendfile:half[above=32,fd=any]";

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
