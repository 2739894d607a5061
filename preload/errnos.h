// The names of errno, both ways. Constant, and callable from anywhere.
#ifndef PRELOAD_ERRNOS_H
#define PRELOAD_ERRNOS_H

#include <stddef.h>

// The number of the errno called by this word of `length` characters; 0 if there is none.
int errno_named(const char* word, size_t length);

// The name, or NULL for a number that no plan can give.
const char* errno_name(int number);

#endif
