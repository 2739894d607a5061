// Decides what a hook does with a call: evaluates the rules of the active plan in order.
//
// A decision depends on the plan, its seed, the connection's number, the call, and the number of
// that call on that connection. So a connection gets the same faults regardless of what other
// connections do. There are no locks and no allocations, because any thread and any signal handler
// may make the call.
#ifndef PRELOAD_DECISION_DECISION_H
#define PRELOAD_DECISION_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "decision/active.h"

// A call, as the program made it.
struct CallInfo {
  enum Call call;
  int fd;                          // the descriptor that the call operates on; -1: none
  int other_fd;                    // the file of a sendfile, the source of a splice; -1: none
  const char* path;                // of a call that opens a file; NULL: none
  const struct sockaddr* address;  // of connect; NULL: none
  size_t length;                   // in bytes, events or iocbs
  int flags;                       // MSG_ flags
  bool is_write;                   // of a completion
};

struct Decision {
  bool is_injected;  // the kernel does not see the call: return `result`; errno is set
  long result;       // 0 or -1
  int late_error;    // make the call; if it succeeds, return -1 with this errno; 0: none
  size_t length;     // make the call with this length; 0 only if the program asked for 0
};

// Counts the call and decides. errno does not change unless the decision is injected. If the plan
// delays the call, the delay is over when this returns.
struct Decision decide(const struct CallInfo* info);

// Record a new connection: `listener` accepted `fd` with the flags of accept4; connect succeeded on
// `fd` or is in progress.
void record_accepted(int listener, int fd, int flags);
void record_connected(int fd);

// Looks up everything that the active plan may need to know about the first 1024 descriptors.
// Called before a sandbox may forbid it.
void learn_descriptors(void);

#endif
