#define _GNU_SOURCE
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arms.h"
#include "control.h"
#include "errnos.h"
#include "log.h"
#include "message.h"
#include "process.h"
#include "real.h"
#include "summary.h"
#include "text.h"

// What the shim does when it is told nothing: partial I/O at every send, recv and sendfile.
static const char kUsualPlan[] = "send,recv:half; sendfile:half[fd=any]";

enum { kMistakenPlan = 2, kMessageSize = 1024 };

atomic_int start_state;

// A plan that is half understood must not run.
static _Noreturn void refuse(const char* what, const char* which, const char* why) {
  char buffer[kMessageSize];
  struct Text text = text_in(buffer, sizeof buffer - 1);
  add_string(&text, "sockop: ");
  add_string(&text, what);
  add_string(&text, which);
  add_string(&text, ": ");
  add_string(&text, why);
  buffer[text.length] = '\n';
  text.length++;
  (void)say(&text);
  kernel_call(SYS_exit_group, (long)kMistakenPlan);
  abort();
}

static _Noreturn void refuse_errno(const char* variable, const char* path, long error) {
  const char* name = errno_name((int)-error);
  char what[kMessageSize];
  struct Text text = text_in(what, sizeof what);
  add_string(&text, variable);
  add_string(&text, ": cannot use ");
  refuse(what, path, name != NULL ? name : "it cannot be opened");
}

static void read_file(const char* path, struct Plan* plan) {
  long fd = kernel_call(SYS_openat, (long)AT_FDCWD, path, (long)(O_RDONLY | O_CLOEXEC), 0L);
  if (fd < 0) refuse_errno("SOCKOP_PLAN", path, fd);
  size_t length = 0;
  long got = 1;
  while (got > 0 && length < kPlanLength - 1) {
    got = kernel_call(SYS_read, fd, plan->text + length, (size_t)kPlanLength - 1 - length);
    if (got > 0) length += (size_t)got;
  }
  kernel_call(SYS_close, fd);
  if (got < 0) refuse_errno("SOCKOP_PLAN", path, got);
  if (length == kPlanLength - 1) refuse("SOCKOP_PLAN: ", path, "the plan is too long");
}

static struct Plan* plan_from_environment(void) {
  const char* text = getenv("SOCKOP");
  const char* path = getenv("SOCKOP_PLAN");
  const char* source = path != NULL ? path : "SOCKOP";
  struct Plan* plan = new_plan();
  if (plan == NULL) refuse("SOCKOP", "", "there is no memory for the plan");
  if (text != NULL && path != NULL) refuse("SOCKOP", "", "set either it or SOCKOP_PLAN");
  if (text == NULL && path == NULL) text = kUsualPlan;
  if (path != NULL) {
    read_file(path, plan);
  } else if (strlen(text) < kPlanLength) {
    strcpy(plan->text, text);
  } else {
    refuse("SOCKOP", "", "the plan is too long; SOCKOP_PLAN names a file");
  }
  struct Mistake mistake = {.at = 0};
  if (!parse_plan(plan, &mistake)) {
    char where[kMistakeLength];
    struct Text place = text_in(where, sizeof where);
    add_place(&place, plan->text, mistake.at);
    char what[kMessageSize];
    struct Text name = text_in(what, sizeof what);
    add_string(&name, source);
    add_string(&name, ", ");
    refuse(what, where, mistake.what);
  }
  return plan;
}

static void after_fork(void) {
  note_process();
  reset_tallies();
  restart_control();
}

// Paths are copied: a program may write its title over its environment, and work in another
// directory. pthread_atfork allocates: what it allocates is none of the program's calls.
static void start(void) {
  in_shim = true;
  const char* log = getenv("SOCKOP_LOG");
  const char* control = getenv("SOCKOP_CONTROL");
  const char* summary = getenv("SOCKOP_SUMMARY");
  look_up_all();
  note_process();
  note_stderr();
  struct Plan* plan = plan_from_environment();
  if (log != NULL && *log != '\0') {
    int result = open_log(log);
    if (result < 0) refuse_errno("SOCKOP_LOG", log, result);
  }
  int result = set_summary(summary);
  if (result < 0) refuse_errno("SOCKOP_SUMMARY", summary, result);
  if (wants_summary() || control != NULL) watch_all();
  arm(plan);
  pthread_atfork(NULL, NULL, after_fork);
  if (control != NULL && *control != '\0') {
    result = start_control(control);
    if (result < 0) refuse_errno("SOCKOP_CONTROL", control, result);
  }
  in_shim = false;
}

void start_once(void) {
  int idle = kIdle;
  int saved_errno = errno;
  if (!atomic_compare_exchange_strong(&start_state, &idle, kStarting)) return;
  start();
  atomic_store_explicit(&start_state, kStarted, memory_order_release);
  errno = saved_errno;
}

__attribute__((constructor)) static void before_main(void) {
  start_once();
}

__attribute__((destructor)) static void after_main(void) {
  end_process();
}

void end_process(void) {
  if (atomic_load(&start_state) != kStarted) return;
  write_summary();
  stop_control();
}
