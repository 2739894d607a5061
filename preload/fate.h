// What becomes of a call: the plan's rules, asked in their order.
//
// The decision depends on the plan, its seed, the connection's number, the call and the number of
// that call on that connection; so one connection's faults are the same whatever runs beside it.
// No locks and no allocation: hooks are entered from any thread and from signal handlers.
#ifndef PRELOAD_FATE_H
#define PRELOAD_FATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "arms.h"

// A call, as the program made it.
struct Asked {
  enum Call call;
  int fd;                          // the descriptor that the call is about; -1: none
  int other_fd;                    // the file of a sendfile, the source of a splice; -1: none
  const char* path;                // of a call that opens; NULL: none
  const struct sockaddr* address;  // of connect; NULL: none
  size_t length;                   // bytes, events or iocbs
  int flags;                       // MSG_ flags
  bool is_write;                   // of a completion
};

struct Fate {
  bool is_told;     // the kernel is not asked: the answer is `result`, and errno is set
  long result;      // 0 or -1
  int error_after;  // the kernel is asked, and if it agrees the answer is -1 with this errno
  size_t length;    // what to ask for; never 0 unless that was asked for
};

static inline bool is_watched(enum Call call) {
  return atomic_load_explicit(&watched[call], memory_order_relaxed) != kUnwatched;
}

// Counts the call and decides. Leaves errno alone unless it tells. A delay has passed on return.
struct Fate fate_of(const struct Asked* asked);

// A connection begins: what `listener` accepted with accept4's `flags`, or what connect asked for.
void see_accepted(int listener, int fd, int flags);
void see_connected(int fd);

// Asks all that the plan in force may have to know about the first descriptors: soon a sandbox may
// forbid it.
void learn_descriptors(void);

#endif
