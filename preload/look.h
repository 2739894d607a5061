// What the kernel says that a descriptor is.
#ifndef PRELOAD_LOOK_H
#define PRELOAD_LOOK_H

// The traits (descriptors.h); 0 if the descriptor is not open or a sandbox forbids to ask. Makes up
// to five system calls.
unsigned look_at_descriptor(int fd);

// Those of the traits that F_GETFL's flags say.
unsigned status_traits(int flags);

#endif
