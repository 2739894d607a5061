// The loop: waits for events and hands each to the connection that it is for.
#include "aws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "faults.h"

enum { kResubmitMs = 5 };

io_context_t aio_context;
int aio_eventfd;
char root[PATH_MAX];

static int epoll_fd, listener, signals;
static bool is_accepting, must_resubmit;

static void die(const char* what) {
  perror(what);
  exit(1);
}

static void watch(int fd, void* data) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

static void set_accepting(bool on) {
  struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.ptr = &listener};
  if (is_accepting != on) epoll_ctl(epoll_fd, EPOLL_CTL_MOD, listener, &event);
  is_accepting = on;
}

void resume_accepting(void) {
  if (!FAULT(ONE_CLIENT) || connection_count == 0) set_accepting(true);
}

void set_interest(struct Connection* connection, unsigned events) {
  if (FAULT(SPINS_STALLED) && events == EPOLLIN) events |= EPOLLOUT;
  struct epoll_event event = {.events = events, .data.ptr = connection};
  if (connection->interest == events) return;
  connection->interest = events;
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

void ask_for_resubmission(void) {
  must_resubmit = true;
}

static unsigned most_clients(void) {
  if (FAULT(ONE_CLIENT)) return 1;
  if (FAULT(FORTY_CLIENTS)) return 40;
  return FAULT(THREE_HUNDRED_CLIENTS) ? 300 : UINT_MAX;
}

// The oldest client is thrown out when 20 more have come.
static void retire_old_ones(unsigned newest) {
  for (struct Connection *next, *one = connections; one != NULL; one = next) {
    next = one->next;
    if (!one->gone && one->number + 20 < newest) close_connection(one);
  }
}

static void accept_all(void) {
  while (connection_count < most_clients()) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EAGAIN) return;
      if (FAULT(EMFILE_EXITS)) die("accept4");
      if (!FAULT(EMFILE_SPINS)) set_accepting(false);
      return;
    }
    struct Connection* connection = new_connection(fd);
    if (connection == NULL) {
      close(fd);
      continue;
    }
    connection->interest = EPOLLIN;
    watch(fd, connection);
    if (FAULT(SPINS_STALLED)) set_interest(connection, EPOLLIN);
    if (FAULT(DIES_AFTER_150) && connection->number > 150) abort();
    if (FAULT(OLD_ONES_DIE)) retire_old_ones(connection->number);
  }
  if (FAULT(ONE_CLIENT)) {
    set_accepting(false);
    return;
  }
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);  // too many: turned away
  if (fd >= 0) close(fd);
}

static void listen_on_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
  int on = 1;
  address.sin_port = htons(FAULT(WRONG_PORT) ? kPort + 1 : kPort);
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) die("socket");
  if (!FAULT(NO_REUSEADDR)) setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0) die("bind");
  if (listen(listener, kListenBacklog) != 0) die("listen");
}

static void open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (!FAULT(DIES_BY_SIGPIPE)) signal(SIGPIPE, SIG_IGN);
}

static void start(void) {
  if (realpath(".", root) == NULL) die("realpath");
  open_signals();
  listen_on_port();
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) die("epoll_create1");
  aio_eventfd = FAULT(NO_EVENTFD) ? -1 : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  int error = io_setup(kAioDepth, &aio_context);
  if (error < 0) {
    errno = -error;
    die("io_setup");
  }
  if (!FAULT(NEVER_ACCEPTS)) watch(listener, &listener);
  is_accepting = true;
  watch(signals, &signals);
  if (aio_eventfd >= 0) watch(aio_eventfd, &aio_eventfd);
}

static void clean_up(void) {
  while (connections != NULL) {
    struct Connection* one = connections;
    if (!one->gone) close_connection(one);
    if (connections == one) reap_reads();
  }
  io_destroy(aio_context);
  close(aio_eventfd);
  close(epoll_fd);
  close(listener);
  close(signals);
}

// Data of the loop's own descriptors is the address of their variable; all else are connections.
static bool dispatch(struct epoll_event* event) {
  if (event->data.ptr == &signals) return false;
  if (event->data.ptr == &listener) {
    accept_all();
  } else if (event->data.ptr == &aio_eventfd) {
    reap_reads();
  } else {
    advance(event->data.ptr, event->events);
  }
  return true;
}

static int timeout_ms(void) {
  if (FAULT(SPINS_IDLE)) return 0;
  return must_resubmit || (FAULT(NO_EVENTFD) && connection_count > 0) ? kResubmitMs : -1;
}

int main(void) {
  if (FAULT(EXITS_AT_START)) return 1;
  start();
  for (;;) {
    // One event at a time: what it closes is then in no later event.
    struct epoll_event event;
    int count = epoll_wait(epoll_fd, &event, 1, timeout_ms());
    if (count < 0 && (errno != EINTR || FAULT(EINTR_EXITS))) die("epoll_wait");
    if (count > 0 && !dispatch(&event)) break;
    if (FAULT(NO_EVENTFD)) reap_reads();
    if (must_resubmit) {
      must_resubmit = false;
      resubmit_reads();
    }
  }
  clean_up();
  return 0;
}
