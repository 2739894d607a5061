// Calls that wait for descriptors.
#include "hooks/hook.h"

#include <poll.h>
#include <sys/epoll.h>

#include "decision/edges.h"

int __poll(struct pollfd* wanted, nfds_t count, int timeout_ms);
int __poll_chk(struct pollfd* wanted, nfds_t count, int timeout_ms, size_t buffer_size);

// A fault reduces the number of events. The next call returns the others.
static struct Decision decide_wait(enum Call call, int limit) {
  return decide_transfer(call, -1, -1, limit > 0 ? (size_t)limit : 0, 0);
}

HOOK int epoll_wait(int epoll, struct epoll_event* events, int limit, int timeout_ms) {
  struct Decision decision = decide_wait(kEpollWait, limit);
  if (limit > 0) limit = (int)decision.length;
  return decision.is_injected ? (int)decision.result
                              : REAL(epoll_wait)(epoll, events, limit, timeout_ms);
}

HOOK int epoll_pwait(int epoll, struct epoll_event* events, int limit, int timeout_ms,
                     const sigset_t* mask) {
  struct Decision decision = decide_wait(kEpollPwait, limit);
  if (limit > 0) limit = (int)decision.length;
  return decision.is_injected ? (int)decision.result
                              : REAL(epoll_pwait)(epoll, events, limit, timeout_ms, mask);
}

// A plan cannot name epoll_ctl. Its registrations are recorded for rearm_edges.
HOOK int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  int result = REAL(epoll_ctl)(epoll, operation, fd, event);
  if (result == 0 && is_watched(kAccept4)) record_registration(epoll, operation, fd, event);
  return result;
}

HOOK int poll(struct pollfd* wanted, nfds_t count, int timeout_ms) {
  struct Decision decision = decide_call(kPoll, -1);
  return decision.is_injected ? (int)decision.result : REAL(poll)(wanted, count, timeout_ms);
}

HOOK int __poll(struct pollfd* wanted, nfds_t count, int timeout_ms) {
  struct Decision decision = decide_call(kPoll, -1);
  return decision.is_injected ? (int)decision.result : REAL(__poll)(wanted, count, timeout_ms);
}

HOOK int __poll_chk(struct pollfd* wanted, nfds_t count, int timeout_ms, size_t buffer_size) {
  struct Decision decision = decide_call(kPoll, -1);
  return decision.is_injected ? (int)decision.result
                              : REAL(__poll_chk)(wanted, count, timeout_ms, buffer_size);
}
