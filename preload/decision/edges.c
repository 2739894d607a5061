#include "decision/edges.h"

#include <sys/syscall.h>

#include "decision/descriptors.h"
#include "process/kernel.h"
#include "process/process.h"
#include "process/sandbox.h"

static struct Registration* registration_for(struct Descriptor* descriptor, int epoll) {
  for (int i = 0; i < kRegistrationLimit; i++) {
    if (atomic_load(&descriptor->registrations[i].epoll) == epoll)
      return &descriptor->registrations[i];
  }
  return NULL;
}

void record_registration(int epoll, int operation, int fd, const struct epoll_event* event) {
  struct Descriptor* descriptor = make_descriptor(fd);
  if (descriptor == NULL || epoll <= 0 || is_vfork_child()) return;
  struct Registration* registration = registration_for(descriptor, epoll);
  if (operation == EPOLL_CTL_DEL) {
    if (registration != NULL) atomic_store(&registration->epoll, 0);
    return;
  }
  if (registration == NULL) registration = registration_for(descriptor, 0);
  if (registration == NULL) return;
  atomic_store(&registration->events, event->events);
  atomic_store(&registration->data, event->data.u64);
  atomic_store(&registration->epoll, epoll);
}

static void rearm(int epoll, int fd, struct epoll_event* event) {
  if ((event->events & EPOLLEXCLUSIVE) == 0) {
    kernel_call(SYS_epoll_ctl, (long)epoll, (long)EPOLL_CTL_MOD, (long)fd, event);
    return;
  }
  // EPOLL_CTL_MOD does not accept an exclusive registration.
  if (kernel_call(SYS_epoll_ctl, (long)epoll, (long)EPOLL_CTL_DEL, (long)fd, event) == 0)
    kernel_call(SYS_epoll_ctl, (long)epoll, (long)EPOLL_CTL_ADD, (long)fd, event);
}

// Copies the registration to `event`. Returns the epoll descriptor, or 0 if there is nothing to
// rearm.
static int epoll_to_rearm(struct Registration* registration, struct epoll_event* event) {
  int epoll = atomic_load(&registration->epoll);
  event->events = atomic_load(&registration->events);
  event->data.u64 = atomic_load(&registration->data);
  bool needs_edge = (event->events & EPOLLET) != 0 && (event->events & EPOLLONESHOT) == 0;
  return needs_edge ? epoll : 0;
}

void rearm_edges(int fd) {
  struct Descriptor* descriptor = find_descriptor(fd);
  struct epoll_event event;
  for (int i = 0; descriptor != NULL && i < kRegistrationLimit; i++) {
    int epoll = epoll_to_rearm(&descriptor->registrations[i], &event);
    if (epoll != 0) rearm(epoll, fd, &event);
  }
}

bool can_rearm_edges(int fd) {
  struct Descriptor* descriptor = is_sandboxed() ? find_descriptor(fd) : NULL;
  struct epoll_event event;
  for (int i = 0; descriptor != NULL && i < kRegistrationLimit; i++) {
    int epoll = epoll_to_rearm(&descriptor->registrations[i], &event);
    const long arguments[6] = {epoll, EPOLL_CTL_MOD, fd};
    if (epoll != 0 && is_forbidden(SYS_epoll_ctl, arguments)) return false;
  }
  return true;
}
