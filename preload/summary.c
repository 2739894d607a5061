#define _GNU_SOURCE
#include "summary.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arms.h"
#include "log.h"
#include "real.h"

enum { kTableSize = 4096, kNameWidth = 14 };

static const char* summary_path;
static long counting_pid;  // a child of vfork shares our memory, and is not the one that ends
static atomic_bool is_written;
static int summary_fd = -1;  // of standard error

static bool is_stderr(void) {
  return summary_path != NULL && summary_path[0] == '-' && summary_path[1] == '\0';
}

void set_summary(const char* path) {
  summary_path = path != NULL && *path != '\0' ? path : NULL;
  counting_pid = kernel_call(SYS_getpid);
  if (is_stderr()) summary_fd = keep_stderr();
}

bool is_summary(int fd) {
  return fd >= 0 && fd == summary_fd;
}

bool wants_summary(void) {
  return summary_path != NULL;
}

void reset_tallies(void) {
  counting_pid = kernel_call(SYS_getpid);
  atomic_store(&is_written, false);
  for (int call = 0; call < kCallCount; call++) {
    atomic_store(&tallies[call].seen, 0);
    atomic_store(&tallies[call].faults, 0);
  }
}

static void add_right(struct Text* text, uint64_t number, size_t width) {
  char digits[24];
  struct Text word = text_in(digits, sizeof digits);
  add_number(&word, (int64_t)number);
  for (size_t i = word.length; i < width; i++)
    add_string(text, " ");
  add_string(text, digits);
}

void add_tallies(struct Text* text) {
  for (int call = 0; call < kCallCount; call++) {
    uint64_t seen = atomic_load(&tallies[call].seen);
    if (seen == 0) continue;
    size_t begin = text->length;
    add_string(text, "sockop:   ");
    add_string(text, kCalls[call].name);
    while (text->length < begin + 10 + kNameWidth)
      add_string(text, " ");
    add_right(text, seen, 10);
    add_right(text, atomic_load(&tallies[call].faults), 10);
    add_string(text, "\n");
  }
}

void write_summary(void) {
  char buffer[kTableSize];
  if (summary_path == NULL || kernel_call(SYS_getpid) != counting_pid ||
      atomic_exchange(&is_written, true))
    return;
  struct Text text = text_in(buffer, sizeof buffer);
  add_string(&text, "sockop: calls seen and faults given in process ");
  add_number(&text, counting_pid);
  add_string(&text, "\n");
  add_tallies(&text);
  long fd = summary_fd;
  if (!is_stderr())
    fd = kernel_call(SYS_openat, (long)AT_FDCWD, summary_path,
                     (long)(O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC), 0666L);
  kernel_call(SYS_write, fd, text.at, text.length);
  if (!is_stderr()) kernel_call(SYS_close, fd);
}
