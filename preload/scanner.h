// The words of a plan: names, numbers and signs, and what is said where one is wrong.
//
// The rules of the grammar are in plan.c and plan_action.c. No allocation.
#ifndef PRELOAD_SCANNER_H
#define PRELOAD_SCANNER_H

#include "plan.h"

struct Parser {
  struct Plan* plan;
  const char* at;  // the next character
  struct Mistake* mistake;
};

struct Word {
  const char* at;
  size_t length;
};

extern const struct Word kNoWord;

// Notes the mistake, at a place in the plan's text; a $ in `what` stands for the word. Always
// false.
bool fails(struct Parser* parser, const char* at, const char* what, struct Word word);

// Blanks, and comments: from # to the end of the line.
void skip_blanks(struct Parser* parser);

// The character, if it stands here.
bool takes(struct Parser* parser, char c);

// The word here; empty if none begins here. A call's name may have stars in it.
struct Word take_word(struct Parser* parser, bool is_call);
bool is(struct Word word, const char* name);

// What stands here, for the reader of a mistake: the word, or the one character.
struct Word here(struct Parser* parser);

bool take_number(struct Parser* parser, uint64_t least, uint64_t* number);

// A decimal fraction from 0 to 1, without a locale and without an exponent.
bool take_chance(struct Parser* parser, double* chance);

#endif
