// Calls that make connections, and what is set on them.
#include "hook.h"

#include <sys/socket.h>

#include "descriptors.h"
#include "look.h"

int __connect(int fd, const struct sockaddr* address, socklen_t size);

// A connection that is refused here stays in line, and the next accept gets it.
HOOK int accept(int listener, struct sockaddr* peer, socklen_t* peer_size) {
  struct Fate fate = fate_of_call(kAccept, listener);
  if (fate.is_told) return (int)fate.result;
  int fd = REAL(accept)(listener, peer, peer_size);
  if (fd >= 0 && is_watched(kAccept)) see_accepted(listener, fd, 0);
  return fd;
}

HOOK int accept4(int listener, struct sockaddr* peer, socklen_t* peer_size, int flags) {
  struct Fate fate = fate_of_call(kAccept4, listener);
  if (fate.is_told) return (int)fate.result;
  int fd = REAL(accept4)(listener, peer, peer_size, flags);
  if (fd >= 0 && is_watched(kAccept4)) see_accepted(listener, fd, flags);
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
  if (address->sa_family != AF_UNSPEC && (result == 0 || errno == EINPROGRESS)) see_connected(fd);
  return answer_after(&fate, result);
}

HOOK int connect(int fd, const struct sockaddr* address, socklen_t size) {
  return connect_by(REAL(connect), fd, address, size);
}

HOOK int __connect(int fd, const struct sockaddr* address, socklen_t size) {
  return connect_by(REAL(__connect), fd, address, size);
}

static int new_socket(int fd, int type, int protocol) {
  if (fd >= 0 && is_watched(kSocket))
    note_descriptor(fd, socket_traits(type, protocol) | status_traits(type & SOCK_NONBLOCK));
  return fd;
}

HOOK int socket(int domain, int type, int protocol) {
  struct Fate fate = fate_of_call(kSocket, -1);
  if (fate.is_told) return (int)fate.result;
  return new_socket(REAL(socket)(domain, type, protocol), type, protocol);
}

HOOK int socketpair(int domain, int type, int protocol, int ends[2]) {
  int result = REAL(socketpair)(domain, type, protocol, ends);
  for (int i = 0; result == 0 && i < 2; i++)
    (void)new_socket(ends[i], type, protocol);
  return result;
}

HOOK int listen(int fd, int backlog) {
  int result = REAL(listen)(fd, backlog);
  if (result == 0 && is_watched(kAccept4)) note_listener(fd);
  return result;
}

HOOK int setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  struct Fate fate = fate_of_call(kSetsockopt, fd);
  return fate.is_told ? (int)fate.result : REAL(setsockopt)(fd, level, name, value, size);
}
