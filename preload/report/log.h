// The log of faults: one line of JSON for each, in the file that SOCKOP_LOG names.
//
// The file stays open (process/held.h), because a program may run out of descriptors, or change its
// root or its user. If the program has closed it, it is opened again. Any thread and any signal
// handler may log; each line is one write.
#ifndef PRELOAD_REPORT_LOG_H
#define PRELOAD_REPORT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Fault {
  const char* call;
  const char* rule;  // its text in the plan
  size_t rule_length;
  int fd;
  uint64_t connection, number, process_number;
  int64_t asked;  // the length that the program asked for: bytes, iocbs or events
  int64_t given;  // the length that the kernel is asked for, or the result of the call
  int error;      // an errno; 0: none
};

// Opens the file and copies its path. Returns 0 or -errno.
int open_log(const char* path);
void log_fault(const struct Fault* fault);

// Stores the current time, for log lines that are written while a sandbox forbids clock_gettime.
void record_time(void);

#endif
