// The table of calls seen and faults given, written when the process ends.
#ifndef PRELOAD_SUMMARY_H
#define PRELOAD_SUMMARY_H

#include <stdbool.h>

#include "text.h"

// `-` is standard error, anything else a file to append to; NULL or empty: no table.
void set_summary(const char* path);
bool wants_summary(void);
void write_summary(void);
bool is_summary(int fd);

// A forked process counts its own calls.
void reset_tallies(void);

// The rows: a call, how often it was seen, how many faults it was given.
void add_tallies(struct Text* text);

#endif
