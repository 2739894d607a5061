#include "report/text.h"

#include <string.h>

struct Text text_in(char* buffer, size_t size) {
  *buffer = '\0';
  return (struct Text){buffer, 0, size};
}

void add_bytes(struct Text* text, const char* bytes, size_t length) {
  size_t room = text->size - 1 - text->length;
  if (length > room) length = room;
  memcpy(text->data + text->length, bytes, length);
  text->length += length;
  text->data[text->length] = '\0';
}

void add_string(struct Text* text, const char* string) {
  add_bytes(text, string, strlen(string));
}

void add_padded(struct Text* text, uint64_t number, int width) {
  char digits[20];
  int begin = (int)sizeof digits;
  do {
    digits[--begin] = (char)('0' + number % 10);
    number /= 10;
  } while (begin > 0 && (number > 0 || (int)sizeof digits - begin < width));
  add_bytes(text, digits + begin, sizeof digits - (size_t)begin);
}

void add_number(struct Text* text, int64_t number) {
  if (number < 0) add_bytes(text, "-", 1);
  add_padded(text, number < 0 ? -(uint64_t)number : (uint64_t)number, 1);
}

void add_json(struct Text* text, const char* bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (c == '"' || c == '\\') {
      add_bytes(text, "\\", 1);
      add_bytes(text, bytes + i, 1);
    } else if (c >= 0x20) {
      add_bytes(text, bytes + i, 1);
    } else {
      add_string(text, "\\u00");
      add_bytes(text, &"0123456789abcdef"[c >> 4], 1);
      add_bytes(text, &"0123456789abcdef"[c & 15], 1);
    }
  }
}

void add_position(struct Text* text, const char* source, size_t offset) {
  uint64_t line = 1, column = 1;
  for (size_t i = 0; i < offset; i++) {
    column = source[i] == '\n' ? 1 : column + 1;
    if (source[i] == '\n') line++;
  }
  if (strchr(source, '\n') != NULL) {
    add_string(text, "line ");
    add_padded(text, line, 1);
    add_string(text, ", ");
  }
  add_string(text, "column ");
  add_padded(text, column, 1);
}
