// Messages of the shim on the standard error that the program started with.
//
// If the program closes its standard error, another file may get descriptor 2. Nothing is written
// to that file.
#ifndef PRELOAD_REPORT_MESSAGE_H
#define PRELOAD_REPORT_MESSAGE_H

#include <stdbool.h>

#include "report/text.h"

// Records which file standard error is. Called at the start.
void record_stderr(void);

// Keeps a duplicate of standard error, because many programs close theirs before they exit.
void hold_stderr(void);

// Writes the text. Returns false if standard error is closed or a write fails.
bool write_to_stderr(const struct Text* text);

// Writes the whole text to a descriptor. Returns 0 or -errno.
long write_all(long fd, const struct Text* text);

#endif
