#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>

#include "decision/edges.h"
#include "decision/evaluation.h"
#include "process/sandbox.h"

enum { kBlockSize = 4096 };  // the lengths of O_DIRECT transfers are multiples of this

static bool is_write(enum Call call) {
  return call == kWrite || call == kWritev;
}

static bool is_read(enum Call call) {
  return call == kRead || call == kReadv;
}

// Returns whether the kernel transfers all or nothing. This includes writes of at most PIPE_BUF
// bytes to a pipe (pipe(7)), and pipes with O_DIRECT (pipe(2)).
static bool is_whole(const struct Evaluation* evaluation) {
  const struct CallInfo* info = evaluation->info;
  unsigned traits = evaluation->subject.traits;
  bool is_atomic = (traits & kIsDirect) != 0 || (is_write(info->call) && info->length <= PIPE_BUF);
  return (traits & (kKeepsMessages | kMovesRecords)) != 0 ||
         ((traits & kIsPipe) != 0 && is_atomic) ||
         (info->flags & kCalls[info->call].whole_flags) != 0;
}

// Returns the length that the action allows, at most `length`. At least 1 byte remains.
static size_t shortened(const struct Action* action, size_t length) {
  size_t limit = length / 2;
  if (action->effect == kMax) limit = (size_t)action->value;
  if (action->effect == kRate) limit = (size_t)(action->value / 10);
  if (limit == 0) limit = 1;
  return limit < length ? limit : length;
}

size_t cut_length(const struct Evaluation* evaluation, const struct Rule* rule) {
  size_t length = evaluation->info->length;
  if (is_whole(evaluation)) return 0;
  size_t shorter = shortened(&rule->action, length);
  if ((evaluation->subject.traits & kIsDirect) != 0) shorter -= shorter % kBlockSize;
  return shorter < length || rule->action.effect == kRate ? shorter : 0;
}

static bool never_blocks(const struct CallInfo* info) {
  return info->fd < 0 || (info->flags & MSG_DONTWAIT) != 0 || !may_block(info->fd);
}

// Reads and writes on pipes and eventfds cannot fail with the errors of disks and networks.
static bool is_error_of_descriptor(const struct Evaluation* evaluation, int error) {
  enum Call call = evaluation->info->call;
  unsigned traits = evaluation->subject.traits;
  if ((traits & (kIsPipe | kFewErrors)) == 0 || !(is_read(call) || is_write(call))) return true;
  return error == EAGAIN || error == EINTR || error == EINVAL || error == EBADF ||
         error == EFAULT || (error == EPIPE && is_write(call) && (traits & kIsPipe) != 0);
}

// connect(2) fails with EINTR only on a blocking socket.
static bool can_fail_with(const struct Evaluation* evaluation, int error) {
  const struct CallInfo* info = evaluation->info;
  if (!is_error_of_descriptor(evaluation, error)) return false;
  if (error == EAGAIN) return never_blocks(info) && can_rearm_edges(info->fd);
  if (error == EPIPE && (info->flags & MSG_NOSIGNAL) == 0)
    return may_call(SYS_tgkill) && may_call(SYS_getpid) && may_call(SYS_gettid);
  return info->call != kConnect || error != EINTR || !never_blocks(info);
}

static bool can_be_reset(const struct Evaluation* evaluation) {
  return evaluation->subject.kind == kSocketKind &&
         (evaluation->subject.traits & kKeepsMessages) == 0 && may_call(SYS_shutdown);
}

// A completion is changed after the transfer, so the program must be able to repeat the transfer.
static bool is_repeatable(const struct Evaluation* evaluation) {
  unsigned traits = evaluation->subject.traits;
  return (traits & kIsSeekable) != 0 && !(evaluation->info->is_write && (traits & kAppends) != 0);
}

static bool can_be_cut(const struct Evaluation* evaluation, const struct Rule* rule) {
  return cut_length(evaluation, rule) > 0 &&
         (evaluation->plan->is_strict || can_rearm_edges(evaluation->info->fd));
}

bool is_possible(const struct Evaluation* evaluation, const struct Rule* rule) {
  const struct CallInfo* info = evaluation->info;
  if (info->call == kCompletion && !is_repeatable(evaluation)) return false;
  switch (rule->action.effect) {
    case kHalf:
    case kMax:
      return can_be_cut(evaluation, rule);
    case kRate:
      return can_be_cut(evaluation, rule) && may_call(SYS_nanosleep);
    case kZero:
      return info->length > 0 && !is_whole(evaluation);
    case kReset:
      return can_be_reset(evaluation) && may_call(SYS_connect);
    case kPipe:
      return can_be_reset(evaluation);
    case kAgain:
      return can_fail_with(evaluation, EAGAIN);
    case kFail:
      return can_fail_with(evaluation, rule->action.error);
    case kDelay:
      return may_call(SYS_nanosleep);
    case kEffectCount:
      break;
  }
  return false;
}
