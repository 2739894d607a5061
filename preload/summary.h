// The table of calls seen and faults given, written when the process ends.
#ifndef PRELOAD_SUMMARY_H
#define PRELOAD_SUMMARY_H

#include <stdbool.h>

#include "text.h"

// `-` is standard error, anything else a file to append to; NULL or empty: no table. The path is
// copied. Returns 0, or -errno if the file cannot be opened.
int set_summary(const char* path);
bool wants_summary(void);

// Writes the table, once a process; or a line that says why it cannot.
void write_summary(void);

// A forked process counts its own calls.
void reset_tallies(void);

// The rows: a call, how often it was seen, how many faults it was given.
void add_tallies(struct Text* text);

#endif
