// Patterns for paths and names: `*` matches any characters, including slashes, and `?` matches one.
// Nothing is allocated.
#ifndef PRELOAD_PLAN_GLOB_H
#define PRELOAD_PLAN_GLOB_H

#include <stdbool.h>
#include <stddef.h>

// Returns whether the pattern, which is `length` characters long, matches the whole text.
bool glob_matches(const char* pattern, size_t length, const char* text);

#endif
