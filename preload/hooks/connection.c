// Calls that create connections or set socket options.
#include "hooks/hook.h"

#include <sys/socket.h>

#include "decision/classify.h"
#include "decision/descriptors.h"

int __connect(int fd, const struct sockaddr* address, socklen_t size);

// If the fault is injected, the connection stays in the accept queue, for the next call.
HOOK int accept(int listener, struct sockaddr* peer, socklen_t* peer_size) {
  struct Decision decision = decide_call(kAccept, listener);
  if (decision.is_injected) return (int)decision.result;
  int fd = REAL(accept)(listener, peer, peer_size);
  if (fd >= 0 && is_watched(kAccept)) record_accepted(listener, fd, 0);
  return fd;
}

HOOK int accept4(int listener, struct sockaddr* peer, socklen_t* peer_size, int flags) {
  struct Decision decision = decide_call(kAccept4, listener);
  if (decision.is_injected) return (int)decision.result;
  int fd = REAL(accept4)(listener, peer, peer_size, flags);
  if (fd >= 0 && is_watched(kAccept4)) record_accepted(listener, fd, flags);
  return fd;
}

typedef int ConnectFunction(int, const struct sockaddr*, socklen_t);

static int connect_by(ConnectFunction* real, int fd, const struct sockaddr* address,
                      socklen_t size) {
  if (!is_watched(kConnect) || address == NULL) return real(fd, address, size);
  struct Decision decision =
      decide(&(struct CallInfo){.call = kConnect, .fd = fd, .other_fd = -1, .address = address});
  if (decision.is_injected) return (int)decision.result;
  int result = real(fd, address, size);
  bool is_begun = result == 0 || errno == EINPROGRESS;
  if (address->sa_family != AF_UNSPEC && is_begun) record_connected(fd);
  return with_late_error(&decision, result);
}

HOOK int connect(int fd, const struct sockaddr* address, socklen_t size) {
  return connect_by(REAL(connect), fd, address, size);
}

HOOK int __connect(int fd, const struct sockaddr* address, socklen_t size) {
  return connect_by(REAL(__connect), fd, address, size);
}

static int record_socket(int fd, int type, int protocol) {
  if (fd >= 0 && is_watched(kSocket))
    record_descriptor(fd, socket_traits(type, protocol) | status_traits(type & SOCK_NONBLOCK));
  return fd;
}

HOOK int socket(int domain, int type, int protocol) {
  struct Decision decision = decide_call(kSocket, -1);
  if (decision.is_injected) return (int)decision.result;
  return record_socket(REAL(socket)(domain, type, protocol), type, protocol);
}

HOOK int socketpair(int domain, int type, int protocol, int ends[2]) {
  int result = REAL(socketpair)(domain, type, protocol, ends);
  for (int i = 0; result == 0 && i < 2; i++)
    (void)record_socket(ends[i], type, protocol);
  return result;
}

HOOK int listen(int fd, int backlog) {
  int result = REAL(listen)(fd, backlog);
  if (result == 0 && is_watched(kSocket)) record_listener(fd);
  return result;
}

HOOK int setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  struct Decision decision = decide_call(kSetsockopt, fd);
  if (decision.is_injected) return (int)decision.result;
  return REAL(setsockopt)(fd, level, name, value, size);
}
