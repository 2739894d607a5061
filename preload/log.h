// The record of faults: a JSON line each, to the file that SOCKOP_LOG names.
//
// The file stays open (held.h): a program may run out of descriptors, or change its root or its
// user. If the program has closed it all the same, it is opened again. Callable from any thread and
// from signal handlers; a line is one write.
#ifndef PRELOAD_LOG_H
#define PRELOAD_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

// Opens the file, whose path is copied; returns 0 or -errno.
int open_log(const char* path);
void log_fault(const struct Fault* fault);

// Notes the time. A line that is written where a sandbox forbids to ask for the time has this one.
void note_time(void);

#endif
