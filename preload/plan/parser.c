#include "plan/parser.h"

#include <string.h>

#include "report/text.h"

bool fail_parsing(struct Parser* parser, const char* position, const char* message,
                  struct Word word) {
  struct Text text = text_in(parser->error->message, kMessageLength);
  for (; *message != '\0'; message++) {
    if (*message == '$') {
      add_bytes(&text, word.text, word.length);
    } else {
      add_bytes(&text, message, 1);
    }
  }
  parser->error->position = (size_t)(position - parser->plan->text);
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
  while (*parser->next == ' ' || *parser->next == '\t' || *parser->next == '\r' ||
         *parser->next == '#') {
    if (*parser->next++ != '#') continue;
    while (*parser->next != '\0' && *parser->next != '\n')
      parser->next++;
  }
}

bool accept_char(struct Parser* parser, char c) {
  skip_blanks(parser);
  if (*parser->next != c) return false;
  parser->next++;
  return true;
}

struct Word take_word(struct Parser* parser, bool is_call) {
  skip_blanks(parser);
  struct Word word = {parser->next, 0};
  while (is_letter(*parser->next) || is_digit(*parser->next) || (is_call && *parser->next == '*'))
    parser->next++;
  word.length = (size_t)(parser->next - word.text);
  return word;
}

bool word_equals(struct Word word, const char* name) {
  return strlen(name) == word.length && strncmp(name, word.text, word.length) == 0;
}

struct Word peek(const struct Parser* parser) {
  struct Parser ahead = *parser;
  struct Word word = take_word(&ahead, true);
  if (word.length == 0 && *word.text != '\0' && *word.text != '\n') word.length = 1;
  return word;
}

bool parse_number(struct Parser* parser, uint64_t least, uint64_t* number) {
  skip_blanks(parser);
  const char* begin = parser->next;
  *number = 0;
  for (; is_digit(*parser->next); parser->next++) {
    if (*number > (UINT64_MAX - 9) / 10)
      return fail_parsing(parser, begin, "the number is too large", kNoWord);
    *number = *number * 10 + (uint64_t)(*parser->next - '0');
  }
  if (parser->next == begin) return fail_parsing(parser, begin, "expected a number", kNoWord);
  if (*number < least) return fail_parsing(parser, begin, "the number must be at least 1", kNoWord);
  return true;
}

bool parse_chance(struct Parser* parser, double* chance) {
  skip_blanks(parser);
  const char* begin = parser->next;
  double scale = 0;
  *chance = 0;
  for (; is_digit(*parser->next) || (*parser->next == '.' && scale == 0); parser->next++) {
    if (*parser->next == '.') {
      scale = 1;
    } else if (scale == 0) {
      *chance = *chance * 10 + (*parser->next - '0');
    } else {
      scale /= 10;
      *chance += scale * (*parser->next - '0');
    }
  }
  if (parser->next == begin || *chance > 1)
    return fail_parsing(parser, begin, "expected a probability from 0 to 1", kNoWord);
  return true;
}
