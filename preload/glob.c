#include "glob.h"

// On a mismatch only the last star has to take one character more: those before it took the least
// that they could.
bool glob_matches(const char* pattern, size_t length, const char* text) {
  const char* const end = pattern + length;
  const char* star = NULL;
  const char* retry = NULL;
  while (*text != '\0') {
    if (pattern < end && *pattern == '*') {
      star = pattern++;
      retry = text;
    } else if (pattern < end && (*pattern == '?' || *pattern == *text)) {
      pattern++;
      text++;
    } else if (star != NULL) {
      pattern = star + 1;
      text = ++retry;
    } else {
      return false;
    }
  }
  while (pattern < end && *pattern == '*')
    pattern++;
  return pattern == end;
}
