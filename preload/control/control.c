#define _GNU_SOURCE
#include "control/control.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "control/address.h"
#include "control/commands.h"
#include "plan/plan.h"
#include "process/held.h"
#include "process/kernel.h"
#include "process/path.h"
#include "report/text.h"

enum { kTimeoutSeconds = 5, kAnswerSize = 4 * kPlanLength, kRetryMs = 10 };

static char control_path[kPathSize];
static bool is_running;
static pthread_t thread;

// Reads a line. Returns false if the client closes the connection first, or after a timeout.
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

static void send_all(long client, const struct Text* text) {
  for (size_t at = 0; at < text->length;) {
    long sent = kernel_call(SYS_sendto, client, text->data + at, text->length - at,
                            (long)MSG_NOSIGNAL, 0L, 0L);
    if (sent <= 0) return;
    at += (size_t)sent;
  }
}

static void serve(long client) {
  static char line[kPlanLength], answer[kAnswerSize];
  const struct timeval timeout = {.tv_sec = kTimeoutSeconds};
  kernel_call(SYS_setsockopt, client, (long)SOL_SOCKET, (long)SO_RCVTIMEO, &timeout,
              sizeof timeout);
  kernel_call(SYS_setsockopt, client, (long)SOL_SOCKET, (long)SO_SNDTIMEO, &timeout,
              sizeof timeout);
  if (!read_line(client, line)) return;
  struct Text text = text_in(answer, sizeof answer);
  execute_command(line, &text);
  send_all(client, &text);
}

// Waits before another attempt, while the program has no free descriptors or no memory.
static void wait_for_resources(void) {
  const struct timespec delay = {.tv_nsec = kRetryMs * 1000000L};
  kernel_call(SYS_nanosleep, &delay, 0L);
}

// Whether no filter was installed when the thread was created. A new thread has the filters of its
// creator (seccomp(2)); the program may install one before the thread runs for the first time.
static bool was_created_unfiltered;

// The descriptor number of the listener may change at any time (process/held.h).
static void* serve_all(void* unused) {
  in_shim = true;
  is_unfiltered_thread = was_created_unfiltered;
  for (;;) {
    long client = kernel_call(SYS_accept4, (long)held(kHeldListener), 0L, 0L, (long)SOCK_CLOEXEC);
    if (client == -EBADF || client == -EINVAL || client == -EPERM) return unused;
    if (client == -EMFILE || client == -ENFILE || client == -ENOMEM) wait_for_resources();
    if (client < 0) continue;
    serve(client);
    kernel_call(SYS_close, client);
  }
}

// Signals of the process are delivered to threads of the program only.
static int start_thread(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  was_created_unfiltered = !is_sandboxed();
  int error = pthread_create(&thread, NULL, serve_all, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  is_running = error == 0;
  return -error;
}

static int start(bool is_child) {
  long fd = listen_at(control_path, is_child);
  if (fd < 0) return (int)fd;
  hold(kHeldListener, (int)fd);
  int error = start_thread();
  if (error != 0) {
    remove_address();
    release(kHeldListener);
  }
  return error;
}

int start_control(const char* path) {
  int error = make_absolute(control_path, path);
  return error != 0 ? error : start(false);
}

void restart_control(void) {
  if (!is_running) return;
  bool was_in_shim = in_shim;
  in_shim = true;
  is_running = false;
  release(kHeldListener);
  (void)start(true);
  in_shim = was_in_shim;
}

void stop_control(void) {
  if (is_running) remove_address();
}

void prepare_control_for(const struct Filter* filter) {
  static const long kNeeded[] = {SYS_accept4, SYS_setsockopt, SYS_read, SYS_sendto, SYS_close, -1};
  if (!is_running || !forbids_all_threads(filter, kNeeded)) return;
  remove_address();
  kernel_call(SYS_shutdown, (long)held(kHeldListener), (long)SHUT_RDWR);
  pthread_join(thread, NULL);
  release(kHeldListener);
  is_running = false;
}
