// The names of errno values. Constant; any thread and any signal handler may call these.
#ifndef PRELOAD_PLAN_ERRNOS_H
#define PRELOAD_PLAN_ERRNOS_H

#include <stddef.h>

// Returns the errno value that a word of `length` characters names, or 0.
int errno_named(const char* word, size_t length);

// Returns the name, or NULL if no plan can name the value.
const char* errno_name(int number);

#endif
