// What every hook is written with. A hook asks for its call's fate, and either tells what it says
// or makes the real call with the length that it leaves.
//
// Included first: large-file and fortify defines rename the very functions that are defined here,
// so they must not reach the headers.
#ifndef PRELOAD_HOOK_H
#define PRELOAD_HOOK_H

#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

#include "fate.h"
#include "real.h"

#define HOOK __attribute__((visibility("default")))

// A call that moves bytes: `fd` is whose call it is, `other` the file of a sendfile or -1.
static inline struct Fate fate_of_transfer(enum Call call, int fd, int other, size_t length,
                                           int flags) {
  if (!is_watched(call)) return (struct Fate){.length = length};
  return fate_of(
      &(struct Asked){.call = call, .fd = fd, .other_fd = other, .length = length, .flags = flags});
}

// Any other call; `fd` is -1 where no descriptor is concerned.
static inline struct Fate fate_of_call(enum Call call, int fd) {
  return fate_of_transfer(call, fd, -1, 0, 0);
}

// The answer to a call that has been made although it is to fail.
static inline int answer_after(const struct Fate* fate, int result) {
  if (fate->error_after == 0 || result < 0) return result;
  errno = fate->error_after;
  return -1;
}

#endif
