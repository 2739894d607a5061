#define _GNU_SOURCE
#include "report/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "plan/errnos.h"
#include "process/held.h"
#include "process/kernel.h"
#include "process/path.h"
#include "process/process.h"
#include "process/sandbox.h"
#include "report/text.h"

enum { kLineSize = 1024 };

static char log_path[kPathSize];  // empty: no log
static dev_t log_device;
static ino_t log_inode;
static struct timespec last_time;

static long open_file(void) {
  return kernel_call(SYS_openat, (long)AT_FDCWD, log_path,
                     (long)(O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC), 0666L);
}

static long open_and_hold(void) {
  long fd = open_file();
  if (fd < 0) return fd;
  fd = hold(kHeldLog, (int)fd);
  struct stat status;
  if (kernel_call(SYS_newfstatat, fd, "", &status, (long)AT_EMPTY_PATH) == 0) {
    log_device = status.st_dev;
    log_inode = status.st_ino;
  }
  return fd;
}

int open_log(const char* path) {
  int error = make_absolute(log_path, path);
  if (error != 0) return error;
  record_time();
  long fd = open_and_hold();
  return fd < 0 ? (int)fd : 0;
}

// If a sandbox forbids fstat, assumes that the descriptor is unchanged.
static bool is_log(int fd) {
  struct stat status;
  if (fd < 0) return false;
  long result = kernel_call(SYS_newfstatat, (long)fd, "", &status, (long)AT_EMPTY_PATH);
  return result == -EPERM ||
         (result == 0 && status.st_dev == log_device && status.st_ino == log_inode);
}

// A child of vfork may have closed its descriptors. It opens the file for one line, because the
// number of the held descriptor is stored in its parent's memory.
static void write_line(const struct Text* line) {
  if (is_log(held(kHeldLog))) {
    kernel_call(SYS_write, (long)held(kHeldLog), line->data, line->length);
  } else if (is_vfork_child()) {
    long fd = open_file();
    if (fd < 0) return;
    kernel_call(SYS_write, fd, line->data, line->length);
    kernel_call(SYS_close, fd);
  } else {
    long fd = open_and_hold();
    if (fd >= 0) kernel_call(SYS_write, fd, line->data, line->length);
  }
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

void record_time(void) {
  clock_gettime(CLOCK_REALTIME, &last_time);
}

// Whether clock_gettime makes a system call depends on the machine.
static void add_time(struct Text* line) {
  struct timespec now = last_time;
  if (may_call(SYS_clock_gettime)) clock_gettime(CLOCK_REALTIME, &now);
  add_string(line, "{\"time\": ");
  add_number(line, now.tv_sec);
  add_string(line, ".");
  add_padded(line, (uint64_t)now.tv_nsec / 1000, 6);
}

void log_fault(const struct Fault* fault) {
  if (*log_path == '\0') return;
  char buffer[kLineSize];
  struct Text line = text_in(buffer, sizeof buffer);
  add_time(&line);
  add_field(&line, "pid", current_process_id());
  long thread = kernel_call(SYS_gettid);
  add_field(&line, "thread", thread > 0 ? thread : 0);
  add_field(&line, "fd", fault->fd);
  add_field(&line, "connection", (int64_t)fault->connection);
  add_words(&line, "call", fault->call, __builtin_strlen(fault->call));
  add_field(&line, "number", (int64_t)fault->number);
  add_field(&line, "process_number", (int64_t)fault->process_number);
  add_words(&line, "rule", fault->rule, fault->rule_length < 300 ? fault->rule_length : 300);
  add_field(&line, "asked", fault->asked);
  add_field(&line, "given", fault->given);
  const char* name = errno_name(fault->error);
  if (name != NULL) {
    add_words(&line, "errno", name, __builtin_strlen(name));
  } else {
    add_string(&line, ", \"errno\": null");
  }
  add_string(&line, "}\n");
  write_line(&line);
}
