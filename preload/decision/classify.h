// Determines what kind of file a descriptor refers to.
#ifndef PRELOAD_DECISION_CLASSIFY_H
#define PRELOAD_DECISION_CLASSIFY_H

// Asks the kernel for the traits (descriptors.h) of a descriptor, in at most five system calls.
// Returns 0 if it is closed or if a sandbox forbids the system calls.
unsigned classify_descriptor(int fd);

// Returns the traits of a new socket.
unsigned socket_traits(int type, int protocol);

// Returns the traits for file status flags (F_GETFL).
unsigned status_traits(int flags);

#endif
