// Calls that wait for descriptors.
#include "hook.h"

#include <poll.h>
#include <sys/epoll.h>

#include "edge.h"
#include "start.h"

int __poll(struct pollfd* wanted, nfds_t count, int timeout_ms);
int __poll_chk(struct pollfd* wanted, nfds_t count, int timeout_ms, size_t buffer_size);

// Fewer events than there is room for are legal, and the rest come with the next call.
static struct Fate fate_of_wait(enum Call call, int limit) {
  return fate_of_transfer(call, -1, -1, limit > 0 ? (size_t)limit : 0, 0);
}

HOOK int epoll_wait(int epoll, struct epoll_event* events, int limit, int timeout_ms) {
  struct Fate fate = fate_of_wait(kEpollWait, limit);
  if (limit > 0) limit = (int)fate.length;
  return fate.is_told ? (int)fate.result : REAL(epoll_wait)(epoll, events, limit, timeout_ms);
}

HOOK int epoll_pwait(int epoll, struct epoll_event* events, int limit, int timeout_ms,
                     const sigset_t* mask) {
  struct Fate fate = fate_of_wait(kEpollPwait, limit);
  if (limit > 0) limit = (int)fate.length;
  return fate.is_told ? (int)fate.result
                      : REAL(epoll_pwait)(epoll, events, limit, timeout_ms, mask);
}

// No plan names it; it is noted what is edge-triggered.
HOOK int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  int result = REAL(epoll_ctl)(epoll, operation, fd, event);
  if (result == 0 && is_watched(kAccept4)) note_registration(epoll, operation, fd, event);
  return result;
}

HOOK int poll(struct pollfd* wanted, nfds_t count, int timeout_ms) {
  struct Fate fate = fate_of_call(kPoll, -1);
  return fate.is_told ? (int)fate.result : REAL(poll)(wanted, count, timeout_ms);
}

HOOK int __poll(struct pollfd* wanted, nfds_t count, int timeout_ms) {
  struct Fate fate = fate_of_call(kPoll, -1);
  return fate.is_told ? (int)fate.result : REAL(__poll)(wanted, count, timeout_ms);
}

HOOK int __poll_chk(struct pollfd* wanted, nfds_t count, int timeout_ms, size_t buffer_size) {
  struct Fate fate = fate_of_call(kPoll, -1);
  return fate.is_told ? (int)fate.result : REAL(__poll_chk)(wanted, count, timeout_ms, buffer_size);
}
