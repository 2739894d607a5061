#define _GNU_SOURCE
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control/control.h"
#include "decision/active.h"
#include "hooks/real.h"
#include "plan/errnos.h"
#include "process/kernel.h"
#include "process/process.h"
#include "report/log.h"
#include "report/message.h"
#include "report/summary.h"

// The default plan: partial I/O at every send, recv and sendfile.
static const char kUsualPlan[] = "send,recv:half; sendfile:half[fd=any]";

enum { kUsageStatus = 2, kLineSize = 1024 };

atomic_int start_state;

// ---- Errors

// Writes "sockop: SUBJECT: REASON" and exits. A program must not run with an invalid plan.
static _Noreturn void refuse(const char* subject, const char* reason) {
  char buffer[kLineSize];
  struct Text text = text_in(buffer, sizeof buffer - 1);
  add_string(&text, "sockop: ");
  add_string(&text, subject);
  add_string(&text, ": ");
  add_string(&text, reason);
  buffer[text.length] = '\n';
  text.length++;
  (void)write_to_stderr(&text);
  kernel_call(SYS_exit_group, (long)kUsageStatus);
  abort();
}

// `result` is -errno.
static _Noreturn void refuse_file(const char* variable, const char* path, long result) {
  const char* name = errno_name((int)-result);
  char subject[kLineSize];
  struct Text text = text_in(subject, sizeof subject);
  add_string(&text, variable);
  add_string(&text, ": cannot use ");
  add_string(&text, path);
  refuse(subject, name != NULL ? name : "it cannot be opened");
}

static _Noreturn void refuse_plan(const char* source, const struct Plan* plan,
                                  const struct ParseError* error) {
  char subject[kLineSize];
  struct Text text = text_in(subject, sizeof subject);
  add_string(&text, source);
  add_string(&text, ", ");
  add_position(&text, plan->text, error->position);
  refuse(subject, error->message);
}

// ---- The plan

static void read_plan(const char* path, struct Plan* plan) {
  long fd = kernel_call(SYS_openat, (long)AT_FDCWD, path, (long)(O_RDONLY | O_CLOEXEC), 0L);
  if (fd < 0) refuse_file("SOCKOP_PLAN", path, fd);
  size_t length = 0;
  long got = 1;
  while (got > 0 && length < kPlanLength - 1) {
    got = kernel_call(SYS_read, fd, plan->text + length, (size_t)kPlanLength - 1 - length);
    if (got > 0) length += (size_t)got;
  }
  kernel_call(SYS_close, fd);
  if (got < 0) refuse_file("SOCKOP_PLAN", path, got);
  if (length == kPlanLength - 1) refuse(path, "the plan is too long");
}

static struct Plan* plan_from_environment(void) {
  const char* text = getenv("SOCKOP");
  const char* path = getenv("SOCKOP_PLAN");
  struct Plan* plan = new_plan();
  struct ParseError error = {.position = 0};
  if (plan == NULL) refuse("SOCKOP", "no memory for the plan");
  if (text != NULL && path != NULL) refuse("SOCKOP", "set SOCKOP or SOCKOP_PLAN, not both");
  if (text == NULL && path == NULL) text = kUsualPlan;
  if (path != NULL) {
    read_plan(path, plan);
  } else if (strlen(text) < kPlanLength) {
    strcpy(plan->text, text);
  } else {
    refuse("SOCKOP", "the plan is too long; put it in a file and set SOCKOP_PLAN");
  }
  if (!parse_plan(plan, &error)) refuse_plan(path != NULL ? path : "SOCKOP", plan, &error);
  return plan;
}

// ---- Start and end

static void after_fork(void) {
  record_process();
  restart_summary();
  restart_control();
}

static void start_log(void) {
  const char* path = getenv("SOCKOP_LOG");
  int result = path != NULL && *path != '\0' ? open_log(path) : 0;
  if (result < 0) refuse_file("SOCKOP_LOG", path, result);
}

static void start_summary(void) {
  const char* path = getenv("SOCKOP_SUMMARY");
  int result = set_summary(path);
  if (result < 0) refuse_file("SOCKOP_SUMMARY", path, result);
}

// Copies all settings: a program may overwrite its environment to show a title in ps(1).
// pthread_atfork may allocate; in_shim keeps that from being counted.
static void start(void) {
  in_shim = true;
  look_up_all();
  record_process();
  record_stderr();
  struct Plan* plan = plan_from_environment();
  start_log();
  start_summary();
  const char* control = getenv("SOCKOP_CONTROL");
  if (wants_summary() || control != NULL) watch_all();
  activate(plan);
  pthread_atfork(NULL, NULL, after_fork);
  if (control != NULL && *control != '\0') {
    int result = start_control(control);
    if (result < 0) refuse_file("SOCKOP_CONTROL", control, result);
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
