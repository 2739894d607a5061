// Lines of the shim for people: to the program's standard error as it was at load.
//
// A program may close its standard error and open a file of its own in its place; nothing is
// written there.
#ifndef PRELOAD_MESSAGE_H
#define PRELOAD_MESSAGE_H

#include <stdbool.h>

#include "text.h"

// Remembers which file standard error is. Called at load.
void note_stderr(void);

// Keeps a duplicate of standard error: programs may close theirs before they end.
void hold_stderr(void);

// Writes the text. Returns whether standard error was there to take it.
bool say(const struct Text* text);

// Writes all of the text, however many calls that takes. Returns 0 or -errno.
long write_all(long fd, const struct Text* text);

#endif
