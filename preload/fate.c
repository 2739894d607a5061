#define _GNU_SOURCE
#include "fate.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "descriptors.h"
#include "edge.h"
#include "held.h"
#include "log.h"
#include "real.h"
#include "sandbox.h"
#include "start.h"
#include "when.h"
#include "where.h"

enum {
  kBlock = 4096,  // what O_DIRECT transfers are multiples of
  kLearnedDescriptors = 1024,
};

// One call on its way through the rules.
struct Trial {
  const struct Asked* asked;
  struct Plan* plan;
  struct Subject subject;
  uint64_t number;          // of the call, by enum Counting
  uint64_t process_number;  // of the rule at hand
  uint64_t delay_ms;
  struct Fate fate;
};

// ---- When

// Where no connection is concerned, a file's name takes its place.
static uint64_t whose(const struct Trial* trial, const struct Rule* rule) {
  if (trial->subject.kind != kFileKind || !rule->when.has_chance) return trial->subject.connection;
  return name_hash(trial->asked->fd);
}

static bool it_is_time(const struct Trial* trial, const struct Rule* rule) {
  return is_due(trial->plan, rule,
                &(struct Occasion){.call = trial->asked->call,
                                   .whose = whose(trial, rule),
                                   .number = trial->number,
                                   .process_number = trial->process_number});
}

// Whether the call is counted on its descriptor, or over the process.
static bool has_own_count(const struct Trial* trial) {
  return trial->subject.descriptor != NULL && kCalls[trial->asked->call].counting == kPerDescriptor;
}

// `once` is asked last, and spent by asking. A rule's bit is its index.
static bool is_first(struct Trial* trial, struct Rule* rule) {
  if (!has_own_count(trial)) return !atomic_exchange(&rule->spent, true);
  uint64_t bit = (uint64_t)1 << (rule - trial->plan->rules);
  return (atomic_fetch_or(&trial->subject.descriptor->spent, bit) & bit) == 0;
}

// ---- What

static void report(struct Trial* trial, struct Rule* rule, int64_t given, int error) {
  const struct Asked* asked = trial->asked;
  atomic_fetch_add_explicit(&rule->faults, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&tallies[asked->call].faults, 1, memory_order_relaxed);
  log_fault(&(struct Fault){.call = kCalls[asked->call].name,
                            .action = trial->plan->text + rule->begin,
                            .action_length = rule->end - rule->begin,
                            .fd = asked->fd,
                            .connection = trial->subject.connection,
                            .number = trial->number,
                            .process_number = trial->process_number,
                            .asked = (int64_t)asked->length,
                            .given = given,
                            .error = error});
}

// The length that the action leaves of what was asked for: at least 1, and no more than that.
static size_t shortened(const struct Action* action, size_t length) {
  size_t limit = length / 2;
  if (action->effect == kMax) limit = (size_t)action->value;
  if (action->effect == kRate) limit = (size_t)(action->value / 10);
  if (limit == 0) limit = 1;
  return limit < length ? limit : length;
}

static bool is_plain_transfer(enum Call call) {
  return call == kRead || call == kReadv || call == kWrite || call == kWritev;
}

// Whether the kernel moves all that was asked for or nothing. So it is with a write of at most
// PIPE_BUF bytes to a pipe, and with a pipe that has O_DIRECT (pipe(2), pipe(7)).
static bool is_whole(const struct Trial* trial) {
  const struct Asked* asked = trial->asked;
  unsigned traits = trial->subject.traits;
  bool is_short_write =
      asked->length <= PIPE_BUF && (asked->call == kWrite || asked->call == kWritev);
  bool is_packet = (traits & kIsDirect) != 0 || is_short_write;
  return (traits & (kKeepsMessages | kMovesRecords)) != 0 ||
         ((traits & kIsPipe) != 0 && is_packet) ||
         (asked->flags & kCalls[asked->call].whole_flags) != 0;
}

// The length left, or 0 if nothing can be cut off.
static size_t cut_length(const struct Trial* trial, const struct Rule* rule) {
  size_t length = trial->asked->length;
  size_t shorter = is_whole(trial) ? length : shortened(&rule->action, length);
  if ((trial->subject.traits & kIsDirect) != 0) shorter -= shorter % kBlock;
  return shorter < length || (rule->action.effect == kRate && !is_whole(trial)) ? shorter : 0;
}

static bool would_never_block(const struct Asked* asked) {
  return asked->fd < 0 || (asked->flags & MSG_DONTWAIT) != 0 || !may_block(asked->fd);
}

// Pipes, eventfd and their like have nothing of what may befall a disk or a network.
static bool is_own_error(const struct Trial* trial, int error) {
  const struct Asked* asked = trial->asked;
  if ((trial->subject.traits & (kIsPipe | kFewErrors)) == 0 || !is_plain_transfer(asked->call))
    return true;
  bool is_write = asked->call == kWrite || asked->call == kWritev;
  return error == EAGAIN || error == EINTR || error == EINVAL || error == EBADF ||
         error == EFAULT || (error == EPIPE && is_write && (trial->subject.traits & kIsPipe) != 0);
}

// The data has been moved when an AIO completion is changed, so the program must be able to move it
// once more.
static bool is_repeatable(const struct Trial* trial) {
  return (trial->subject.traits & kIsSeekable) != 0 &&
         !(trial->asked->is_write && (trial->subject.traits & kAppends) != 0);
}

static bool can_fail_with(const struct Trial* trial, int error) {
  const struct Asked* asked = trial->asked;
  if (!is_own_error(trial, error)) return false;
  if (error == EAGAIN) return would_never_block(asked) && can_renew_edges(asked->fd);
  if (error == EPIPE && (asked->flags & MSG_NOSIGNAL) == 0)
    return may_call(SYS_tgkill) && may_call(SYS_getpid) && may_call(SYS_gettid);
  return asked->call != kConnect || error != EINTR || !would_never_block(asked);
}

// Whether the rule's action could happen to this call in the real world, and would be noticed; and
// whether a sandbox lets the shim do what the action takes.
static bool is_possible(const struct Trial* trial, const struct Rule* rule) {
  const struct Asked* asked = trial->asked;
  if (asked->call == kCompletion && !is_repeatable(trial)) return false;
  switch (rule->action.effect) {
    case kHalf:
    case kMax:
    case kRate:
      return cut_length(trial, rule) > 0 &&
             (trial->plan->is_strict || can_renew_edges(asked->fd)) &&
             (rule->action.effect != kRate || may_call(SYS_nanosleep));
    case kZero:
      return asked->length > 0 && !is_whole(trial);
    case kReset:
    case kPipe:
      return trial->subject.kind == kSocketKind && (trial->subject.traits & kKeepsMessages) == 0 &&
             may_call(SYS_shutdown) && (rule->action.effect == kPipe || may_call(SYS_connect));
    case kAgain:
      return can_fail_with(trial, EAGAIN);
    case kFail:
      return can_fail_with(trial, rule->action.error);
    case kDelay:
      return may_call(SYS_nanosleep);
    case kEffectCount:
      break;
  }
  return true;
}

// The peer gets a reset, as when a machine crashes. A socket that cannot be disconnected (of the
// local domain) is shut down.
static void reset_connection(int fd) {
  const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
  int error;
  socklen_t size = sizeof error;
  if (kernel_call(SYS_connect, (long)fd, &nowhere, sizeof nowhere) < 0)
    kernel_call(SYS_shutdown, (long)fd, (long)SHUT_RDWR);
  kernel_call(SYS_getsockopt, (long)fd, (long)SOL_SOCKET, (long)SO_ERROR, &error, &size);
}

static void tell(struct Trial* trial, long result, int error) {
  trial->fate.is_told = true;
  trial->fate.result = result;
  if (error != 0) errno = error;
}

static void fail(struct Trial* trial, int error) {
  const struct Asked* asked = trial->asked;
  // Linux has closed the descriptor whatever close answers, and goes on connecting after EINTR.
  if (asked->call == kClose || (asked->call == kConnect && error == EINTR)) {
    trial->fate.error_after = error;
    return;
  }
  if (error == EPIPE && (asked->flags & MSG_NOSIGNAL) == 0)
    kernel_call(SYS_tgkill, kernel_call(SYS_getpid), kernel_call(SYS_gettid), (long)SIGPIPE);
  if (error == EAGAIN && asked->fd >= 0) renew_edges(asked->fd);
  tell(trial, -1, error);
}

// Does what the rule says. Returns whether that settles the call, so that no later rule is asked.
static bool happens(struct Trial* trial, struct Rule* rule) {
  const struct Action* action = &rule->action;
  switch (action->effect) {
    case kHalf:
    case kMax:
    case kRate:
      trial->fate.length = cut_length(trial, rule);
      if (action->effect == kRate) trial->delay_ms += trial->fate.length * 1000 / action->value;
      report(trial, rule, (int64_t)trial->fate.length, 0);
      if (!trial->plan->is_strict && trial->asked->fd >= 0) renew_edges(trial->asked->fd);
      return true;
    case kZero:
      report(trial, rule, 0, 0);
      tell(trial, 0, 0);
      return true;
    case kReset:
      reset_connection(trial->asked->fd);
      report(trial, rule, -1, ECONNRESET);
      tell(trial, -1, ECONNRESET);
      return true;
    case kPipe:  // the kernel itself then answers EPIPE, and sends the signal
      kernel_call(SYS_shutdown, (long)trial->asked->fd, (long)SHUT_WR);
      report(trial, rule, -1, EPIPE);
      return true;
    case kAgain:
    case kFail:
      report(trial, rule, -1, action->effect == kAgain ? EAGAIN : action->error);
      fail(trial, action->effect == kAgain ? EAGAIN : action->error);
      return true;
    case kDelay:
      report(trial, rule, (int64_t)trial->asked->length, 0);
      trial->delay_ms += action->value;
      return false;
    case kEffectCount:
      break;
  }
  return true;
}

static void wait_ms(uint64_t milliseconds) {
  struct timespec rest = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
  while (kernel_call(SYS_nanosleep, &rest, &rest) == -EINTR)
    continue;
}

// ---- The rules in their order

static uint64_t count(struct Trial* trial) {
  atomic_uint_fast64_t* numbers =
      has_own_count(trial) ? trial->subject.descriptor->numbers : trial->plan->numbers;
  return 1 + atomic_fetch_add_explicit(&numbers[trial->asked->call], 1, memory_order_relaxed);
}

static void ask_rules(struct Trial* trial) {
  const struct Asked* asked = trial->asked;
  if (asked->fd >= 0) {
    trial->subject = subject_of(asked->fd, trial->plan->generation);
    if (trial->subject.kind == kNothing) return;
  }
  trial->number = count(trial);
  for (int i = 0; i < trial->plan->rule_count; i++) {
    struct Rule* rule = &trial->plan->rules[i];
    if ((rule->calls & set_of(asked->call)) == 0) continue;
    if (!is_there(trial->plan, rule, asked, &trial->subject)) continue;
    trial->process_number =
        1 + atomic_fetch_add_explicit(&rule->considered, 1, memory_order_relaxed);
    if (!it_is_time(trial, rule) || !is_possible(trial, rule)) continue;
    if (rule->when.once && !is_first(trial, rule)) continue;
    if (happens(trial, rule)) break;
  }
  if (trial->delay_ms > 0) wait_ms(trial->delay_ms);
}

struct Fate fate_of(const struct Asked* asked) {
  struct Trial trial = {.asked = asked, .fate = {.length = asked->length}};
  if (in_shim || !is_started() || is_held(asked->fd)) return trial.fate;
  atomic_fetch_add_explicit(&tallies[asked->call].seen, 1, memory_order_relaxed);
  trial.plan = current_plan();
  if (trial.plan == NULL || (trial.plan->calls & set_of(asked->call)) == 0) return trial.fate;
  int saved_errno = errno;
  in_shim = true;
  ask_rules(&trial);
  in_shim = false;
  if (!trial.fate.is_told || trial.fate.result == 0) errno = saved_errno;
  return trial.fate;
}

void see_accepted(int listener, int fd, int flags) {
  struct Plan* plan = current_plan();
  if (plan != NULL) note_accepted(listener, fd, flags, plan->generation);
}

void see_connected(int fd) {
  struct Plan* plan = current_plan();
  if (plan != NULL) note_connected(fd, plan->generation);
}

void learn_descriptors(void) {
  struct Plan* plan = current_plan();
  for (int fd = 0; plan != NULL && fd < kLearnedDescriptors; fd++) {
    struct Subject subject = subject_of(fd, plan->generation);
    if (subject.kind != kNothing) compare_with_rules(plan, fd, &subject);
  }
}
