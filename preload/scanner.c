#include "scanner.h"

#include <string.h>

#include "text.h"

bool fails(struct Parser* parser, const char* at, const char* what, struct Word word) {
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

const struct Word kNoWord = {"", 0};

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void skip_blanks(struct Parser* parser) {
  while (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\r' || *parser->at == '#') {
    if (*parser->at++ != '#') continue;
    while (*parser->at != '\0' && *parser->at != '\n')
      parser->at++;
  }
}

bool takes(struct Parser* parser, char c) {
  skip_blanks(parser);
  if (*parser->at != c) return false;
  parser->at++;
  return true;
}

struct Word take_word(struct Parser* parser, bool is_call) {
  skip_blanks(parser);
  struct Word word = {parser->at, 0};
  while (is_letter(*parser->at) || is_digit(*parser->at) || (is_call && *parser->at == '*'))
    parser->at++;
  word.length = (size_t)(parser->at - word.at);
  return word;
}

bool is(struct Word word, const char* name) {
  return strlen(name) == word.length && strncmp(name, word.at, word.length) == 0;
}

struct Word here(struct Parser* parser) {
  struct Parser ahead = *parser;
  struct Word word = take_word(&ahead, true);
  if (word.length == 0 && *word.at != '\0' && *word.at != '\n') word.length = 1;
  return word;
}

bool take_number(struct Parser* parser, uint64_t least, uint64_t* number) {
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

bool take_chance(struct Parser* parser, double* chance) {
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
