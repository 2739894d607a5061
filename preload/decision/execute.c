#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "decision/edges.h"
#include "decision/evaluation.h"
#include "process/kernel.h"
#include "report/log.h"

// `given` is the new length, or the result of the call.
static void record_fault(struct Evaluation* evaluation, struct Rule* rule, int64_t given,
                         int error) {
  const struct CallInfo* info = evaluation->info;
  atomic_fetch_add_explicit(&rule->faults, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&counters[info->call].faults, 1, memory_order_relaxed);
  log_fault(&(struct Fault){.call = kCalls[info->call].name,
                            .rule = evaluation->plan->text + rule->begin,
                            .rule_length = rule->end - rule->begin,
                            .fd = info->fd,
                            .connection = evaluation->subject.connection,
                            .number = evaluation->number,
                            .process_number = evaluation->process_number,
                            .asked = (int64_t)info->length,
                            .given = given,
                            .error = error});
}

static void inject(struct Evaluation* evaluation, long result, int error) {
  evaluation->decision.is_injected = true;
  evaluation->decision.result = result;
  if (error != 0) errno = error;
}

// Resets the connection, so that the peer sees a reset (connect(2), AF_UNSPEC). A Unix socket
// cannot be reset, so it is shut down. Then clears the pending error.
static void reset_connection(int fd) {
  const struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
  int error;
  socklen_t size = sizeof error;
  if (kernel_call(SYS_connect, (long)fd, &unspecified, sizeof unspecified) < 0)
    kernel_call(SYS_shutdown, (long)fd, (long)SHUT_RDWR);
  kernel_call(SYS_getsockopt, (long)fd, (long)SOL_SOCKET, (long)SO_ERROR, &error, &size);
}

static void fail(struct Evaluation* evaluation, int error) {
  const struct CallInfo* info = evaluation->info;
  // On Linux, close(2) closes the descriptor even if it fails, and a connect(2) that a signal
  // interrupts continues in the background.
  if (info->call == kClose || (info->call == kConnect && error == EINTR)) {
    evaluation->decision.late_error = error;
    return;
  }
  if (error == EPIPE && (info->flags & MSG_NOSIGNAL) == 0)
    kernel_call(SYS_tgkill, kernel_call(SYS_getpid), kernel_call(SYS_gettid), (long)SIGPIPE);
  if (error == EAGAIN && info->fd >= 0) rearm_edges(info->fd);
  inject(evaluation, -1, error);
}

static void cut(struct Evaluation* evaluation, struct Rule* rule) {
  const struct Action* action = &rule->action;
  size_t length = cut_length(evaluation, rule);
  evaluation->decision.length = length;
  if (action->effect == kRate) evaluation->delay_ms += length * 1000 / action->value;
  record_fault(evaluation, rule, (int64_t)length, 0);
  if (!evaluation->plan->is_strict && evaluation->info->fd >= 0) rearm_edges(evaluation->info->fd);
}

bool execute(struct Evaluation* evaluation, struct Rule* rule) {
  const struct Action* action = &rule->action;
  int error = action->effect == kAgain ? EAGAIN : action->error;
  switch (action->effect) {
    case kHalf:
    case kMax:
    case kRate:
      cut(evaluation, rule);
      return true;
    case kZero:
      record_fault(evaluation, rule, 0, 0);
      inject(evaluation, 0, 0);
      return true;
    case kReset:
      reset_connection(evaluation->info->fd);
      record_fault(evaluation, rule, -1, ECONNRESET);
      inject(evaluation, -1, ECONNRESET);
      return true;
    case kPipe:  // after this the kernel fails the call with EPIPE and sends the signal
      kernel_call(SYS_shutdown, (long)evaluation->info->fd, (long)SHUT_WR);
      record_fault(evaluation, rule, -1, EPIPE);
      return true;
    case kAgain:
    case kFail:
      record_fault(evaluation, rule, -1, error);
      fail(evaluation, error);
      return true;
    case kDelay:
      record_fault(evaluation, rule, (int64_t)evaluation->info->length, 0);
      evaluation->delay_ms += action->value;
      return false;
    case kEffectCount:
      break;
  }
  return true;
}
