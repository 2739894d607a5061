// Patterns for paths and names: `*` is any characters, slashes too, and `?` is one. No allocation.
#ifndef PRELOAD_GLOB_H
#define PRELOAD_GLOB_H

#include <stdbool.h>
#include <stddef.h>

// Whether the pattern, which ends after `length` characters, covers the whole text.
bool glob_matches(const char* pattern, size_t length, const char* text);

#endif
