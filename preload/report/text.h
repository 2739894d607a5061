// Builds text in a buffer of the caller, without stdio: a hook may be called from within stdio.
#ifndef PRELOAD_REPORT_TEXT_H
#define PRELOAD_REPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>

// The text always ends with a NUL. What does not fit is cut off.
struct Text {
  char* data;
  size_t length, size;  // without and with the NUL
};

// Starts an empty text in a buffer of `size` bytes, at least 1.
struct Text text_in(char* buffer, size_t size);

void add_bytes(struct Text* text, const char* bytes, size_t length);
void add_string(struct Text* text, const char* string);
void add_number(struct Text* text, int64_t number);

// Adds the number with leading zeros, at least `width` digits.
void add_padded(struct Text* text, uint64_t number, int width);

// Adds the bytes, escaped for a JSON string.
void add_json(struct Text* text, const char* bytes, size_t length);

// Adds the position of the character at `offset` in `source`: "column 7", or "line 2, column 7" if
// the source has several lines.
void add_position(struct Text* text, const char* source, size_t offset);

#endif
