// Calls that no plan can name, and that the hook of syscall(2) passes on.
#ifndef PRELOAD_UNPLANNED_H
#define PRELOAD_UNPLANNED_H

// close(2), without the faults of the plan.
int close_unplanned(int fd);

// seccomp(2), which has no function in the C library.
long confine(unsigned operation, unsigned flags, void* arguments);

#endif
