#define _GNU_SOURCE
#include "log.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "errnos.h"
#include "real.h"

enum { kHighest = 1000, kLineSize = 1024 };

static const char* log_path;
static atomic_int log_fd = -1;
static dev_t log_device;
static ino_t log_inode;

// A second descriptor for the same file, as high as the limit on descriptors lets it be; -1: none.
static int duplicate_high(int fd) {
  for (int least = kHighest; least > STDERR_FILENO; least /= 2) {
    long moved = kernel_call(SYS_fcntl, (long)fd, (long)F_DUPFD_CLOEXEC, (long)least);
    if (moved >= 0) return (int)moved;
  }
  return -1;
}

int keep_stderr(void) {
  return duplicate_high(STDERR_FILENO);
}

int move_away(int fd) {
  int moved = duplicate_high(fd);
  if (moved < 0) return fd;
  kernel_call(SYS_close, (long)fd);
  return moved;
}

static int open_again(void) {
  long fd = kernel_call(SYS_openat, (long)AT_FDCWD, log_path,
                        (long)(O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC), 0666L);
  if (fd < 0) return (int)fd;
  fd = move_away((int)fd);
  struct stat status;
  if (kernel_call(SYS_newfstatat, fd, "", &status, (long)AT_EMPTY_PATH) == 0) {
    log_device = status.st_dev;
    log_inode = status.st_ino;
  }
  atomic_store(&log_fd, (int)fd);
  return 0;
}

int open_log(const char* path) {
  log_path = path;
  return open_again();
}

bool is_log(int fd) {
  return fd >= 0 && fd == atomic_load_explicit(&log_fd, memory_order_relaxed);
}

// The descriptor, if it is still the log's: the program may have closed all it did not know.
static int current_log(void) {
  struct stat status;
  int fd = atomic_load(&log_fd);
  if (log_path == NULL) return -1;
  if (kernel_call(SYS_newfstatat, (long)fd, "", &status, (long)AT_EMPTY_PATH) == 0 &&
      status.st_dev == log_device && status.st_ino == log_inode)
    return fd;
  return open_again() == 0 ? atomic_load(&log_fd) : -1;
}

static void add_field(struct Text* line, const char* name, int64_t value) {
  add_string(line, ", \"");
  add_string(line, name);
  add_string(line, "\": ");
  add_number(line, value);
}

static void add_words(struct Text* line, const char* name, const char* words, size_t length) {
  add_string(line, ", \"");
  add_string(line, name);
  add_string(line, "\": \"");
  add_json(line, words, length);
  add_string(line, "\"");
}

static void add_time(struct Text* line) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  add_string(line, "{\"time\": ");
  add_number(line, now.tv_sec);
  add_string(line, ".");
  add_padded(line, (uint64_t)now.tv_nsec / 1000, 6);
}

void log_fault(const struct Fault* fault) {
  int fd = current_log();
  if (fd < 0) return;
  char buffer[kLineSize];
  struct Text line = text_in(buffer, sizeof buffer);
  add_time(&line);
  add_field(&line, "pid", kernel_call(SYS_getpid));
  add_field(&line, "thread", kernel_call(SYS_gettid));
  add_field(&line, "fd", fault->fd);
  add_field(&line, "connection", (int64_t)fault->connection);
  add_words(&line, "call", fault->call, __builtin_strlen(fault->call));
  add_field(&line, "number", (int64_t)fault->number);
  add_field(&line, "process_number", (int64_t)fault->process_number);
  add_words(&line, "rule", fault->action, fault->action_length < 300 ? fault->action_length : 300);
  add_field(&line, "asked", fault->asked);
  add_field(&line, "given", fault->given);
  const char* name = errno_name(fault->error);
  if (name != NULL) {
    add_words(&line, "errno", name, __builtin_strlen(name));
  } else {
    add_string(&line, ", \"errno\": null");
  }
  add_string(&line, "}\n");
  kernel_call(SYS_write, (long)fd, line.at, line.length);
}

void say(const struct Text* text) {
  kernel_call(SYS_write, (long)STDERR_FILENO, text->at, text->length);
}
