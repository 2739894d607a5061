#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "arms.h"
#include "commands.h"
#include "log.h"
#include "real.h"
#include "text.h"

enum { kBacklog = 8, kPatience = 5, kAnswerSize = 4 * kPlanLength };

static const char* control_path;
static int listener = -1;
static long owner;  // the process that bound `address`
static struct sockaddr_un address;

bool is_control(int fd) {
  return fd >= 0 && fd == listener;
}

// Reads until the line ends. Returns false if it never does.
static bool read_line(long client, char line[kPlanLength]) {
  size_t length = 0;
  while (length < kPlanLength - 1) {
    long got = kernel_call(SYS_read, client, line + length, (size_t)kPlanLength - 1 - length);
    if (got <= 0) return false;
    length += (size_t)got;
    char* end = memchr(line, '\n', length);
    if (end == NULL) continue;
    *end = '\0';
    return true;
  }
  return false;
}

static void write_all(long client, const struct Text* text) {
  for (size_t at = 0; at < text->length;) {
    long sent = kernel_call(SYS_sendto, client, text->at + at, text->length - at,
                            (long)MSG_NOSIGNAL, 0L, 0L);
    if (sent <= 0) return;
    at += (size_t)sent;
  }
}

static void serve(long client) {
  static char line[kPlanLength], answer[kAnswerSize];
  const struct timeval patience = {.tv_sec = kPatience};
  kernel_call(SYS_setsockopt, client, (long)SOL_SOCKET, (long)SO_RCVTIMEO, &patience,
              sizeof patience);
  kernel_call(SYS_setsockopt, client, (long)SOL_SOCKET, (long)SO_SNDTIMEO, &patience,
              sizeof patience);
  if (!read_line(client, line)) return;
  struct Text text = text_in(answer, sizeof answer);
  obey(line, &text);
  write_all(client, &text);
}

static void* serve_all(void* unused) {
  in_shim = true;
  for (;;) {
    long client = kernel_call(SYS_accept4, (long)listener, 0L, 0L, (long)SOCK_CLOEXEC);
    if (client == -EBADF || client == -EINVAL) return unused;
    if (client < 0) continue;
    serve(client);
    kernel_call(SYS_close, client);
  }
}

static long connect_to(const struct sockaddr_un* to) {
  long fd = kernel_call(SYS_socket, (long)AF_UNIX, (long)(SOCK_STREAM | SOCK_CLOEXEC), 0L);
  if (fd < 0) return fd;
  long result = kernel_call(SYS_connect, fd, to, sizeof *to);
  kernel_call(SYS_close, fd);
  return result;
}

// Binds the path, or the path of this process where another one is alive at it.
static long bind_address(long fd) {
  owner = kernel_call(SYS_getpid);
  struct Text path = text_in(address.sun_path, sizeof address.sun_path);
  address.sun_family = AF_UNIX;
  add_string(&path, control_path);
  long state = connect_to(&address);
  if (state == 0) {
    add_string(&path, ".");
    add_number(&path, owner);
    state = connect_to(&address);
  }
  if (state == -ECONNREFUSED) kernel_call(SYS_unlinkat, (long)AT_FDCWD, address.sun_path, 0L);
  if (path.length == sizeof address.sun_path - 1) return -ENAMETOOLONG;
  return kernel_call(SYS_bind, fd, &address, sizeof address);
}

static long listen_at_path(void) {
  long fd = kernel_call(SYS_socket, (long)AF_UNIX, (long)(SOCK_STREAM | SOCK_CLOEXEC), 0L);
  if (fd < 0) return fd;
  fd = move_away((int)fd);
  long result = bind_address(fd);
  if (result == 0) result = kernel_call(SYS_fchmodat, (long)AT_FDCWD, address.sun_path, 0600L);
  if (result == 0) result = kernel_call(SYS_listen, fd, (long)kBacklog);
  if (result == 0) {
    listener = (int)fd;
  } else {
    kernel_call(SYS_close, fd);
  }
  return result;
}

// The program's signals are for its own threads.
int start_control(const char* path) {
  sigset_t all, before;
  pthread_t thread;
  control_path = path;
  long result = listen_at_path();
  if (result < 0) return (int)result;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&thread, NULL, serve_all, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error != 0) return -error;
  pthread_detach(thread);
  return 0;
}

void restart_control(void) {
  if (control_path == NULL) return;
  bool was_in_shim = in_shim;
  in_shim = true;
  kernel_call(SYS_close, (long)listener);
  listener = -1;
  (void)start_control(control_path);
  in_shim = was_in_shim;
}

void stop_control(void) {
  if (listener < 0 || kernel_call(SYS_getpid) != owner) return;
  kernel_call(SYS_unlinkat, (long)AT_FDCWD, address.sun_path, 0L);
}
