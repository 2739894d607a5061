#include "plan/errnos.h"

#include <errno.h>
#include <string.h>

#define ROW(name) \
  { #name, name }

static const struct {
  const char* name;
  int number;
} kErrnos[] = {
    ROW(E2BIG),        ROW(EACCES),      ROW(EADDRINUSE),   ROW(EADDRNOTAVAIL),   ROW(EAFNOSUPPORT),
    ROW(EAGAIN),       ROW(EALREADY),    ROW(EBADF),        ROW(EBUSY),           ROW(ECONNABORTED),
    ROW(ECONNREFUSED), ROW(ECONNRESET),  ROW(EDESTADDRREQ), ROW(EDQUOT),          ROW(EEXIST),
    ROW(EFAULT),       ROW(EFBIG),       ROW(EHOSTDOWN),    ROW(EHOSTUNREACH),    ROW(EINTR),
    ROW(EINVAL),       ROW(EIO),         ROW(EISCONN),      ROW(EISDIR),          ROW(ELOOP),
    ROW(EMFILE),       ROW(EMSGSIZE),    ROW(ENAMETOOLONG), ROW(ENETDOWN),        ROW(ENETUNREACH),
    ROW(ENFILE),       ROW(ENOBUFS),     ROW(ENODEV),       ROW(ENOENT),          ROW(ENOMEM),
    ROW(ENONET),       ROW(ENOPROTOOPT), ROW(ENOSPC),       ROW(ENOSYS),          ROW(ENOTCONN),
    ROW(ENOTDIR),      ROW(ENOTSOCK),    ROW(ENXIO),        ROW(EOPNOTSUPP),      ROW(EOVERFLOW),
    ROW(EPERM),        ROW(EPIPE),       ROW(EPROTO),       ROW(EPROTONOSUPPORT), ROW(EPROTOTYPE),
    ROW(EROFS),        ROW(ESPIPE),      ROW(ETIMEDOUT),    ROW(ETXTBSY),         ROW(EWOULDBLOCK),
    ROW(EXDEV),
};

enum { kErrnoCount = sizeof kErrnos / sizeof kErrnos[0] };

int errno_named(const char* word, size_t length) {
  for (int i = 0; i < kErrnoCount; i++) {
    if (strncmp(kErrnos[i].name, word, length) == 0 && kErrnos[i].name[length] == '\0')
      return kErrnos[i].number;
  }
  return 0;
}

const char* errno_name(int number) {
  for (int i = 0; i < kErrnoCount; i++) {
    if (kErrnos[i].number == number) return kErrnos[i].name;
  }
  return NULL;
}
