#include "edge.h"

#include <sys/syscall.h>

#include "descriptors.h"
#include "process.h"
#include "real.h"
#include "sandbox.h"

static struct Registration* place_of(struct Descriptor* descriptor, int epoll) {
  for (int i = 0; i < kRegistrationLimit; i++) {
    if (atomic_load(&descriptor->registrations[i].epoll) == epoll)
      return &descriptor->registrations[i];
  }
  return NULL;
}

void note_registration(int epoll, int operation, int fd, const struct epoll_event* event) {
  struct Descriptor* descriptor = make_descriptor(fd);
  if (descriptor == NULL || epoll <= 0 || is_vfork_child()) return;
  struct Registration* place = place_of(descriptor, epoll);
  if (operation == EPOLL_CTL_DEL) {
    if (place != NULL) atomic_store(&place->epoll, 0);
    return;
  }
  if (place == NULL) place = place_of(descriptor, 0);
  if (place == NULL) return;
  atomic_store(&place->events, event->events);
  atomic_store(&place->data, event->data.u64);
  atomic_store(&place->epoll, epoll);
}

static void look_anew(int epoll, int fd, struct epoll_event* event) {
  if ((event->events & EPOLLEXCLUSIVE) == 0) {
    kernel_call(SYS_epoll_ctl, (long)epoll, (long)EPOLL_CTL_MOD, (long)fd, event);
    return;
  }
  // An exclusive registration cannot be modified.
  if (kernel_call(SYS_epoll_ctl, (long)epoll, (long)EPOLL_CTL_DEL, (long)fd, event) == 0)
    kernel_call(SYS_epoll_ctl, (long)epoll, (long)EPOLL_CTL_ADD, (long)fd, event);
}

// The registration, if it owes an edge. Returns the epoll's descriptor, or 0.
static int edge_owed(struct Registration* place, struct epoll_event* event) {
  int epoll = atomic_load(&place->epoll);
  event->events = atomic_load(&place->events);
  event->data.u64 = atomic_load(&place->data);
  bool owes = (event->events & EPOLLET) != 0 && (event->events & EPOLLONESHOT) == 0;
  return owes ? epoll : 0;
}

void renew_edges(int fd) {
  struct Descriptor* descriptor = find_descriptor(fd);
  struct epoll_event event;
  for (int i = 0; descriptor != NULL && i < kRegistrationLimit; i++) {
    int epoll = edge_owed(&descriptor->registrations[i], &event);
    if (epoll != 0) look_anew(epoll, fd, &event);
  }
}

bool can_renew_edges(int fd) {
  struct Descriptor* descriptor = is_sandboxed() ? find_descriptor(fd) : NULL;
  struct epoll_event event;
  for (int i = 0; descriptor != NULL && i < kRegistrationLimit; i++) {
    int epoll = edge_owed(&descriptor->registrations[i], &event);
    const long arguments[6] = {epoll, EPOLL_CTL_MOD, fd};
    if (epoll != 0 && is_refused(SYS_epoll_ctl, arguments)) return false;
  }
  return true;
}
