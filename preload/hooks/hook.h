// Definitions for all hooks. Each hook replaces a function of the C library:
//
//   program        send(fd, data, 1000, 0)
//                    |
//   hook           send in hooks/transfer.c: describes the call (struct CallInfo)
//                    |
//   decision       decide() in decision/decision.c, if a rule names the call
//                    |     for each rule of the plan:
//                    |       where.c    does the rule match the descriptor?
//                    |       when.c     does it match the number of the call?
//                    |       possible.c could the kernel cause this fault here?
//                    |       execute.c  resets, delays, logs; fills struct Decision
//                    |
//        +-----------+-----------+
//        | is_injected           | otherwise
//        v                       v
//   the hook returns        REAL(send)(fd, data, decision.length, 0)
//   `result`; errno is set       |
//                                v
//   kernel                  moves at most decision.length bytes
//
// A hook file includes this header first: the macros for large files and for fortified calls would
// rename the functions that it defines.
#ifndef PRELOAD_HOOKS_HOOK_H
#define PRELOAD_HOOKS_HOOK_H

#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

#include "decision/decision.h"
#include "hooks/real.h"

#define HOOK __attribute__((visibility("default")))

// Decides a call that transfers `length` bytes, events or iocbs. `other_fd` is the file of a
// sendfile or the source of a splice, or -1.
static inline struct Decision decide_transfer(enum Call call, int fd, int other_fd, size_t length,
                                              int flags) {
  if (!is_watched(call)) return (struct Decision){.length = length};
  return decide(&(struct CallInfo){
      .call = call, .fd = fd, .other_fd = other_fd, .length = length, .flags = flags});
}

// Decides any other call. `fd` is -1 if the call has no descriptor.
static inline struct Decision decide_call(enum Call call, int fd) {
  return decide_transfer(call, fd, -1, 0, 0);
}

// Returns the result of the call, or fails with the decision's late error.
static inline int with_late_error(const struct Decision* decision, int result) {
  if (decision->late_error == 0 || result < 0) return result;
  errno = decision->late_error;
  return -1;
}

#endif
