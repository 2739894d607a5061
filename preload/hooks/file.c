// Calls that open files, and fstat.
#include "hooks/hook.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "decision/descriptors.h"

int __open(const char* path, int flags, ...);
int __open64(const char* path, int flags, ...);
int __open_2(const char* path, int flags);
int __open64_2(const char* path, int flags);
int __openat_2(int directory, const char* path, int flags);
int __openat64_2(int directory, const char* path, int flags);
int __fxstat(int version, int fd, struct stat* status);
int __fxstat64(int version, int fd, struct stat64* status);

static struct Decision decide_open(enum Call call, const char* path) {
  if (!is_watched(call)) return (struct Decision){.is_injected = false};
  return decide(&(struct CallInfo){.call = call, .fd = -1, .other_fd = -1, .path = path});
}

static int record_opened(enum Call call, int fd) {
  if (fd >= 0 && is_watched(call)) forget_descriptor(fd);
  return fd;
}

// Reads the mode even if there is none. The C library does the same, and ignores it without
// O_CREAT.
#define MODE(last, mode)         \
  do {                           \
    va_list list;                \
    va_start(list, last);        \
    mode = va_arg(list, mode_t); \
    va_end(list);                \
  } while (0)

#define OPEN_HOOK(name)                                                                \
  HOOK int name(const char* path, int flags, ...) {                                    \
    mode_t mode;                                                                       \
    MODE(flags, mode);                                                                 \
    struct Decision decision = decide_open(kOpen, path);                               \
    return decision.is_injected ? (int)decision.result                                 \
                                : record_opened(kOpen, REAL(name)(path, flags, mode)); \
  }
OPEN_HOOK(open)
OPEN_HOOK(open64)
OPEN_HOOK(__open)
OPEN_HOOK(__open64)

#define OPENAT_HOOK(name)                                                          \
  HOOK int name(int directory, const char* path, int flags, ...) {                 \
    mode_t mode;                                                                   \
    MODE(flags, mode);                                                             \
    struct Decision decision = decide_open(kOpenat, path);                         \
    return decision.is_injected                                                    \
               ? (int)decision.result                                              \
               : record_opened(kOpenat, REAL(name)(directory, path, flags, mode)); \
  }
OPENAT_HOOK(openat)
OPENAT_HOOK(openat64)

// With _FORTIFY_SOURCE, calls without a mode use these names.
HOOK int __open_2(const char* path, int flags) {
  struct Decision decision = decide_open(kOpen, path);
  return decision.is_injected ? (int)decision.result
                              : record_opened(kOpen, REAL(__open_2)(path, flags));
}

HOOK int __open64_2(const char* path, int flags) {
  struct Decision decision = decide_open(kOpen, path);
  return decision.is_injected ? (int)decision.result
                              : record_opened(kOpen, REAL(__open64_2)(path, flags));
}

HOOK int __openat_2(int directory, const char* path, int flags) {
  struct Decision decision = decide_open(kOpenat, path);
  return decision.is_injected ? (int)decision.result
                              : record_opened(kOpenat, REAL(__openat_2)(directory, path, flags));
}

HOOK int __openat64_2(int directory, const char* path, int flags) {
  struct Decision decision = decide_open(kOpenat, path);
  return decision.is_injected ? (int)decision.result
                              : record_opened(kOpenat, REAL(__openat64_2)(directory, path, flags));
}

HOOK int fstat(int fd, struct stat* status) {
  struct Decision decision = decide_call(kFstat, fd);
  return decision.is_injected ? (int)decision.result : REAL(fstat)(fd, status);
}

HOOK int fstat64(int fd, struct stat64* status) {
  struct Decision decision = decide_call(kFstat, fd);
  return decision.is_injected ? (int)decision.result : REAL(fstat64)(fd, status);
}

// Programs that were linked before glibc 2.33 call fstat by these names.
HOOK int __fxstat(int version, int fd, struct stat* status) {
  struct Decision decision = decide_call(kFstat, fd);
  return decision.is_injected ? (int)decision.result : REAL(__fxstat)(version, fd, status);
}

HOOK int __fxstat64(int version, int fd, struct stat64* status) {
  struct Decision decision = decide_call(kFstat, fd);
  return decision.is_injected ? (int)decision.result : REAL(__fxstat64)(version, fd, status);
}
