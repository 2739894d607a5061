// Text put together in a buffer of the caller, without stdio: a hook may be inside stdio already.
#ifndef PRELOAD_TEXT_H
#define PRELOAD_TEXT_H

#include <stddef.h>
#include <stdint.h>

// Always ended by a NUL. What finds no room is cut off.
struct Text {
  char* at;
  size_t length, size;
};

struct Text text_in(char* buffer, size_t size);
void add_bytes(struct Text* text, const char* bytes, size_t length);
void add_string(struct Text* text, const char* string);
void add_number(struct Text* text, int64_t number);
// At least `width` digits, with leading zeros.
void add_padded(struct Text* text, uint64_t number, int width);
// As it stands between the quotes of a JSON string.
void add_json(struct Text* text, const char* bytes, size_t length);

// Where the offset `at` of `source` lies: "column 7", or "line 2, column 7" if there are lines.
void add_place(struct Text* text, const char* source, size_t at);

#endif
