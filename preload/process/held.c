#define _GNU_SOURCE
#include "process/held.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/kernel.h"
#include "process/process.h"

enum { kPreferredNumber = 1000 };

static atomic_int numbers[kHeldCount] = {[0 ... kHeldCount - 1] = -1};

// Returns a duplicate of `fd` with a number from 1000 on, or as high as RLIMIT_NOFILE allows; -1 on
// failure.
static int duplicate_high(int fd) {
  for (int least = kPreferredNumber; least > STDERR_FILENO; least /= 2) {
    long duplicate = kernel_call(SYS_fcntl, (long)fd, (long)F_DUPFD_CLOEXEC, (long)least);
    if (duplicate >= 0) return (int)duplicate;
  }
  return -1;
}

int hold_duplicate(enum Held which, int fd) {
  int duplicate = duplicate_high(fd);
  atomic_store(&numbers[which], duplicate);
  return duplicate;
}

int hold(enum Held which, int fd) {
  int duplicate = duplicate_high(fd);
  if (duplicate >= 0) kernel_call(SYS_close, (long)fd);
  atomic_store(&numbers[which], duplicate >= 0 ? duplicate : fd);
  return atomic_load(&numbers[which]);
}

int held(enum Held which) {
  return atomic_load_explicit(&numbers[which], memory_order_relaxed);
}

void release(enum Held which) {
  int fd = atomic_exchange(&numbers[which], -1);
  if (fd >= 0) kernel_call(SYS_close, (long)fd);
}

bool is_held(int fd) {
  bool is_found = false;
  for (int which = 0; which < kHeldCount; which++)
    is_found |= held((enum Held)which) == fd;
  return is_found && fd >= 0 && !is_vfork_child();
}

int lowest_held(unsigned first, unsigned last) {
  int lowest = -1;
  for (int which = 0; which < kHeldCount; which++) {
    int fd = held((enum Held)which);
    bool is_within = fd >= 0 && (unsigned)fd >= first && (unsigned)fd <= last;
    if (is_within && (lowest < 0 || fd < lowest)) lowest = fd;
  }
  return lowest >= 0 && !is_vfork_child() ? lowest : -1;
}

// The old number is still in use when the duplicate is created, so the new number differs from it.
bool make_way(int fd) {
  if (!is_held(fd)) return false;
  for (int which = 0; which < kHeldCount; which++) {
    if (held((enum Held)which) == fd) hold_duplicate((enum Held)which, fd);
  }
  return true;
}
