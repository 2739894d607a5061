#include "plan/glob.h"

// After a mismatch only the last star is extended. Earlier stars already match as little as they
// can, so extending them could not help.
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
