// Calls that open files, and what is asked of open ones.
#include "hook.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "descriptors.h"

int __open(const char* path, int flags, ...);
int __open64(const char* path, int flags, ...);
int __open_2(const char* path, int flags);
int __open64_2(const char* path, int flags);
int __openat_2(int folder, const char* path, int flags);
int __openat64_2(int folder, const char* path, int flags);
int __fxstat(int version, int fd, struct stat* status);
int __fxstat64(int version, int fd, struct stat64* status);

static struct Fate fate_of_opening(enum Call call, const char* path) {
  if (!is_watched(call)) return (struct Fate){.is_told = false};
  return fate_of(&(struct Asked){.call = call, .fd = -1, .other_fd = -1, .path = path});
}

// What was known of the descriptor's number was about another file.
static int opened(enum Call call, int fd) {
  if (fd >= 0 && is_watched(call)) forget_descriptor(fd);
  return fd;
}

// The mode is read whether there is one or not, as the C library does: it is used only if there is.
#define MODE(last, mode)         \
  do {                           \
    va_list list;                \
    va_start(list, last);        \
    mode = va_arg(list, mode_t); \
    va_end(list);                \
  } while (0)

#define OPEN_HOOK(name)                                                                    \
  HOOK int name(const char* path, int flags, ...) {                                        \
    mode_t mode;                                                                           \
    MODE(flags, mode);                                                                     \
    struct Fate fate = fate_of_opening(kOpen, path);                                       \
    return fate.is_told ? (int)fate.result : opened(kOpen, REAL(name)(path, flags, mode)); \
  }
OPEN_HOOK(open)
OPEN_HOOK(open64)
OPEN_HOOK(__open)
OPEN_HOOK(__open64)

#define OPENAT_HOOK(name)                                                         \
  HOOK int name(int folder, const char* path, int flags, ...) {                   \
    mode_t mode;                                                                  \
    MODE(flags, mode);                                                            \
    struct Fate fate = fate_of_opening(kOpenat, path);                            \
    return fate.is_told ? (int)fate.result                                        \
                        : opened(kOpenat, REAL(name)(folder, path, flags, mode)); \
  }
OPENAT_HOOK(openat)
OPENAT_HOOK(openat64)

// What they become under _FORTIFY_SOURCE where no mode is given.
HOOK int __open_2(const char* path, int flags) {
  struct Fate fate = fate_of_opening(kOpen, path);
  return fate.is_told ? (int)fate.result : opened(kOpen, REAL(__open_2)(path, flags));
}

HOOK int __open64_2(const char* path, int flags) {
  struct Fate fate = fate_of_opening(kOpen, path);
  return fate.is_told ? (int)fate.result : opened(kOpen, REAL(__open64_2)(path, flags));
}

HOOK int __openat_2(int folder, const char* path, int flags) {
  struct Fate fate = fate_of_opening(kOpenat, path);
  return fate.is_told ? (int)fate.result : opened(kOpenat, REAL(__openat_2)(folder, path, flags));
}

HOOK int __openat64_2(int folder, const char* path, int flags) {
  struct Fate fate = fate_of_opening(kOpenat, path);
  return fate.is_told ? (int)fate.result : opened(kOpenat, REAL(__openat64_2)(folder, path, flags));
}

HOOK int fstat(int fd, struct stat* status) {
  struct Fate fate = fate_of_call(kFstat, fd);
  return fate.is_told ? (int)fate.result : REAL(fstat)(fd, status);
}

HOOK int fstat64(int fd, struct stat64* status) {
  struct Fate fate = fate_of_call(kFstat, fd);
  return fate.is_told ? (int)fate.result : REAL(fstat64)(fd, status);
}

// fstat as programs linked before glibc 2.33 call it.
HOOK int __fxstat(int version, int fd, struct stat* status) {
  struct Fate fate = fate_of_call(kFstat, fd);
  return fate.is_told ? (int)fate.result : REAL(__fxstat)(version, fd, status);
}

HOOK int __fxstat64(int version, int fd, struct stat64* status) {
  struct Fate fate = fate_of_call(kFstat, fd);
  return fate.is_told ? (int)fate.result : REAL(__fxstat64)(version, fd, status);
}
