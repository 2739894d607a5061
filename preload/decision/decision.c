#define _GNU_SOURCE
#include "decision/decision.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

#include "decision/descriptors.h"
#include "decision/evaluation.h"
#include "decision/when.h"
#include "decision/where.h"
#include "process/held.h"
#include "process/kernel.h"
#include "start.h"

enum { kLearnedDescriptors = 1024 };

// Returns whether the call is counted per descriptor rather than per process.
static bool has_own_count(const struct Evaluation* evaluation) {
  return evaluation->subject.descriptor != NULL &&
         kCalls[evaluation->info->call].counting == kPerDescriptor;
}

static uint64_t count(struct Evaluation* evaluation) {
  atomic_uint_fast64_t* numbers = has_own_count(evaluation)
                                      ? evaluation->subject.descriptor->numbers
                                      : evaluation->plan->numbers;
  return 1 + atomic_fetch_add_explicit(&numbers[evaluation->info->call], 1, memory_order_relaxed);
}

// For a file, the hash of its name is used instead of the connection's number.
static uint64_t stream_of(const struct Evaluation* evaluation, const struct Rule* rule) {
  if (evaluation->subject.kind != kFileKind || !rule->when.has_chance)
    return evaluation->subject.connection;
  return name_hash(evaluation->info->fd);
}

static bool is_due_now(const struct Evaluation* evaluation, const struct Rule* rule) {
  return is_due(evaluation->plan, rule,
                &(struct CallNumbers){.call = evaluation->info->call,
                                      .stream = stream_of(evaluation, rule),
                                      .number = evaluation->number,
                                      .process_number = evaluation->process_number});
}

// Checks `once` and marks the rule as spent, so this condition must be checked last. In a
// descriptor, a rule's bit is its index.
static bool is_first(struct Evaluation* evaluation, struct Rule* rule) {
  if (!has_own_count(evaluation)) return !atomic_exchange(&rule->spent, true);
  uint64_t bit = (uint64_t)1 << (rule - evaluation->plan->rules);
  return (atomic_fetch_or(&evaluation->subject.descriptor->spent, bit) & bit) == 0;
}

static bool applies(struct Evaluation* evaluation, struct Rule* rule) {
  if ((rule->calls & set_of(evaluation->info->call)) == 0) return false;
  if (!matches_where(evaluation->plan, rule, evaluation->info, &evaluation->subject)) return false;
  evaluation->process_number =
      1 + atomic_fetch_add_explicit(&rule->considered, 1, memory_order_relaxed);
  return is_due_now(evaluation, rule) && is_possible(evaluation, rule) &&
         (!rule->when.once || is_first(evaluation, rule));
}

static void wait_ms(uint64_t milliseconds) {
  struct timespec rest = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
  while (kernel_call(SYS_nanosleep, &rest, &rest) == -EINTR)
    continue;
}

static void evaluate_rules(struct Evaluation* evaluation) {
  if (evaluation->info->fd >= 0) {
    evaluation->subject = subject_of(evaluation->info->fd, evaluation->plan->generation);
    if (evaluation->subject.kind == kNothing) return;
  }
  evaluation->number = count(evaluation);
  for (int i = 0; i < evaluation->plan->rule_count; i++) {
    struct Rule* rule = &evaluation->plan->rules[i];
    if (applies(evaluation, rule) && execute(evaluation, rule)) break;
  }
  if (evaluation->delay_ms > 0) wait_ms(evaluation->delay_ms);
}

struct Decision decide(const struct CallInfo* info) {
  struct Evaluation evaluation = {.info = info, .decision = {.length = info->length}};
  if (in_shim || !is_started() || is_held(info->fd)) return evaluation.decision;
  atomic_fetch_add_explicit(&counters[info->call].seen, 1, memory_order_relaxed);
  evaluation.plan = active_plan();
  if (evaluation.plan == NULL || (evaluation.plan->calls & set_of(info->call)) == 0)
    return evaluation.decision;
  int saved_errno = errno;
  in_shim = true;
  evaluate_rules(&evaluation);
  in_shim = false;
  if (!evaluation.decision.is_injected || evaluation.decision.result == 0) errno = saved_errno;
  return evaluation.decision;
}

void record_accepted(int listener, int fd, int flags) {
  struct Plan* plan = active_plan();
  if (plan != NULL) accept_descriptor(listener, fd, flags, plan->generation);
}

void record_connected(int fd) {
  struct Plan* plan = active_plan();
  if (plan != NULL) connect_descriptor(fd, plan->generation);
}

void learn_descriptors(void) {
  struct Plan* plan = active_plan();
  for (int fd = 0; plan != NULL && fd < kLearnedDescriptors; fd++) {
    struct Subject subject = subject_of(fd, plan->generation);
    if (subject.kind != kNothing) compare_with_rules(plan, fd, &subject);
  }
}
