// The record of faults: a JSON line each, to the file that SOCKOP_LOG names.
//
// The descriptor is out of the program's way: at a high number, and found again if the program
// closed it. Callable from any thread and from signal handlers; a line is one write.
#ifndef PRELOAD_LOG_H
#define PRELOAD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct Fault {
  const char* call;
  const char* action;  // its words in the plan
  size_t action_length;
  int fd;
  uint64_t connection, number, process_number;
  int64_t asked;  // bytes, iocbs or events
  int64_t given;  // what the kernel is asked for instead, or the call's result
  int error;      // errno; 0: none
};

// Opens the file; returns 0 or -errno.
int open_log(const char* path);
bool is_log(int fd);
void log_fault(const struct Fault* fault);

// Writes the text to standard error, past all hooks.
void say(const struct Text* text);

// Another descriptor for standard error: programs may close theirs before they end.
int keep_stderr(void);

// Moves a descriptor to a number that programs do not come to; returns the new one.
int move_away(int fd);

#endif
