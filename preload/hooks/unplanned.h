// Calls that get no faults when a program makes them through syscall(2).
#ifndef PRELOAD_HOOKS_UNPLANNED_H
#define PRELOAD_HOOKS_UNPLANNED_H

// close(2) without faults.
int close_unplanned(int fd);

// seccomp(2), which has no function in the C library.
long seccomp_unplanned(unsigned operation, unsigned flags, void* arguments);

#endif
