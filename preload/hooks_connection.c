// Where descriptors of connections begin and end, and what is set on them.
#include "hook.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "descriptors.h"
#include "start.h"

int __close(int fd);
int __connect(int fd, const struct sockaddr* address, socklen_t size);

// A connection that is refused here stays in line, and the next accept gets it.
HOOK int accept(int listener, struct sockaddr* peer, socklen_t* peer_size) {
  struct Fate fate = fate_of_call(kAccept, listener);
  if (fate.is_told) return (int)fate.result;
  int fd = REAL(accept)(listener, peer, peer_size);
  if (fd >= 0 && is_watched(kAccept)) see_connection(fd);
  return fd;
}

HOOK int accept4(int listener, struct sockaddr* peer, socklen_t* peer_size, int flags) {
  struct Fate fate = fate_of_call(kAccept4, listener);
  if (fate.is_told) return (int)fate.result;
  int fd = REAL(accept4)(listener, peer, peer_size, flags);
  if (fd >= 0 && is_watched(kAccept4)) see_connection(fd);
  return fd;
}

typedef int ConnectFunction(int, const struct sockaddr*, socklen_t);

static int connect_by(ConnectFunction* real, int fd, const struct sockaddr* address,
                      socklen_t size) {
  if (!is_watched(kConnect) || address == NULL) return real(fd, address, size);
  struct Fate fate =
      fate_of(&(struct Asked){.call = kConnect, .fd = fd, .other_fd = -1, .address = address});
  if (fate.is_told) return (int)fate.result;
  int result = real(fd, address, size);
  if (address->sa_family != AF_UNSPEC && (result == 0 || errno == EINPROGRESS)) see_connection(fd);
  return answer_after(&fate, result);
}

HOOK int connect(int fd, const struct sockaddr* address, socklen_t size) {
  return connect_by(REAL(connect), fd, address, size);
}

HOOK int __connect(int fd, const struct sockaddr* address, socklen_t size) {
  return connect_by(REAL(__connect), fd, address, size);
}

HOOK int socket(int domain, int type, int protocol) {
  struct Fate fate = fate_of_call(kSocket, -1);
  if (fate.is_told) return (int)fate.result;
  int fd = REAL(socket)(domain, type, protocol);
  if (fd >= 0 && is_watched(kSocket)) forget_descriptor(fd);
  return fd;
}

HOOK int setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  struct Fate fate = fate_of_call(kSetsockopt, fd);
  return fate.is_told ? (int)fate.result : REAL(setsockopt)(fd, level, name, value, size);
}

// The shim's own descriptors are not there as far as the program is concerned.
static int close_by(int (*real)(int), int fd) {
  if (is_ours(fd)) {
    errno = EBADF;
    return -1;
  }
  struct Fate fate = fate_of_call(kClose, fd);
  if (is_watched(kClose)) forget_descriptor(fd);
  return answer_after(&fate, real(fd));
}

HOOK int close(int fd) {
  return close_by(REAL(close), fd);
}

HOOK int __close(int fd) {
  return close_by(REAL(__close), fd);
}

HOOK int eventfd(unsigned count, int flags) {
  struct Fate fate = fate_of_call(kEventfd, -1);
  return fate.is_told ? (int)fate.result : REAL(eventfd)(count, flags);
}
