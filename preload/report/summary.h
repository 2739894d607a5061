// The table of calls seen and faults injected, which is written when the process exits.
#ifndef PRELOAD_REPORT_SUMMARY_H
#define PRELOAD_REPORT_SUMMARY_H

#include <stdbool.h>

#include "report/text.h"

// Sets where the table goes: `-` is standard error, any other path a file to append to; NULL or an
// empty path: no table. Copies the path. Returns 0, or -errno if the file cannot be opened.
int set_summary(const char* path);
bool wants_summary(void);

// Writes the table, once in each process. If that fails, writes an error message.
void write_summary(void);

// In the child after fork(2): the child counts its own calls and writes its own table.
void restart_summary(void);

// Adds the rows of the table: a call, how often it was seen, and how many faults it got.
void add_counters(struct Text* text);

#endif
