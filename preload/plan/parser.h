// The tokens of a plan: words, numbers and punctuation, and the error messages of the parser.
//
// The rules of the grammar are in plan.c and action.c. Nothing is allocated.
#ifndef PRELOAD_PLAN_PARSER_H
#define PRELOAD_PLAN_PARSER_H

#include "plan/plan.h"

struct Parser {
  struct Plan* plan;
  const char* next;  // the next character
  struct ParseError* error;
};

struct Word {
  const char* text;  // not terminated
  size_t length;
};

extern const struct Word kNoWord;

// Sets the parser's error, for a position in the plan's text. Each `$` in `message` is replaced by
// the word. Returns false.
bool fail_parsing(struct Parser* parser, const char* position, const char* message,
                  struct Word word);

// Skips blanks and comments. A comment extends from `#` to the end of the line.
void skip_blanks(struct Parser* parser);

// If `c` is the next character after blanks, consumes it and returns true.
bool accept_char(struct Parser* parser, char c);

// Consumes a word, which is empty if the next character cannot start one. The name of a call may
// contain stars.
struct Word take_word(struct Parser* parser, bool is_call);
bool word_equals(struct Word word, const char* name);

// Returns the next word or character, for a message, and consumes nothing.
struct Word peek(const struct Parser* parser);

// Parses a decimal number that is at least `least`.
bool parse_number(struct Parser* parser, uint64_t least, uint64_t* number);

// Parses a decimal fraction from 0 to 1. The locale has no effect; there is no exponent.
bool parse_chance(struct Parser* parser, double* chance);

#endif
