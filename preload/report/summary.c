#define _GNU_SOURCE
#include "report/summary.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decision/active.h"
#include "plan/errnos.h"
#include "process/kernel.h"
#include "process/path.h"
#include "process/process.h"
#include "report/message.h"

enum { kTableSize = 4096, kNameWidth = 14 };

static char summary_path[kPathSize];  // empty: no table; `-`: standard error
static atomic_bool is_written;

static bool is_for_stderr(void) {
  return strcmp(summary_path, "-") == 0;
}

static long open_file(int flags) {
  return kernel_call(SYS_openat, (long)AT_FDCWD, summary_path,
                     (long)(O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags), 0666L);
}

// Opening a FIFO that has no reader fails with ENXIO; a reader may come later.
int set_summary(const char* path) {
  if (path == NULL || *path == '\0') return 0;
  if (strcmp(path, "-") == 0) {
    strcpy(summary_path, path);
    hold_stderr();
    return 0;
  }
  int error = make_absolute(summary_path, path);
  if (error != 0) return error;
  long fd = open_file(O_NONBLOCK);
  if (fd >= 0) kernel_call(SYS_close, fd);
  return fd >= 0 || fd == -ENXIO ? 0 : (int)fd;
}

bool wants_summary(void) {
  return *summary_path != '\0';
}

void restart_summary(void) {
  atomic_store(&is_written, false);
  reset_counters();
}

static void add_right(struct Text* text, uint64_t number, size_t width) {
  char digits[24];
  struct Text word = text_in(digits, sizeof digits);
  add_number(&word, (int64_t)number);
  for (size_t i = word.length; i < width; i++)
    add_string(text, " ");
  add_string(text, digits);
}

void add_counters(struct Text* text) {
  for (int call = 0; call < kCallCount; call++) {
    uint64_t seen = atomic_load(&counters[call].seen);
    if (seen == 0) continue;
    size_t begin = text->length;
    add_string(text, "sockop:   ");
    add_string(text, kCalls[call].name);
    while (text->length < begin + 10 + kNameWidth)
      add_string(text, " ");
    add_right(text, seen, 10);
    add_right(text, atomic_load(&counters[call].faults), 10);
    add_string(text, "\n");
  }
}

static void report_lost_table(long error) {
  char buffer[kPathSize + 100];
  struct Text text = text_in(buffer, sizeof buffer);
  const char* name = errno_name((int)-error);
  add_string(&text, "sockop: SOCKOP_SUMMARY: cannot write the table to ");
  add_string(&text, summary_path);
  add_string(&text, ": ");
  if (name != NULL) add_string(&text, name);
  if (name == NULL) add_number(&text, -error);
  add_string(&text, "\n");
  (void)write_to_stderr(&text);
}

static long append_to_file(const struct Text* table) {
  long fd = open_file(0);
  if (fd < 0) return fd;
  long error = write_all(fd, table);
  kernel_call(SYS_close, fd);
  return error;
}

// In a child of vfork the counters are those of the parent, which writes them later.
void write_summary(void) {
  char buffer[kTableSize];
  if (!wants_summary() || current_process_id() != process_id() ||
      atomic_exchange(&is_written, true))
    return;
  struct Text table = text_in(buffer, sizeof buffer);
  add_string(&table, "sockop: calls seen and faults given in process ");
  add_number(&table, process_id());
  add_string(&table, "\n");
  add_counters(&table);
  if (is_for_stderr()) {
    (void)write_to_stderr(&table);
  } else {
    long error = append_to_file(&table);
    if (error < 0) report_lost_table(error);
  }
}
