// A plan: which calls get which faults, and when. It is parsed once; then every hook reads it.
//
//   plan  := item (';' item)*
//   item  := rule | 'seed=' N | 'first=' N | 'strict' | 'course'
//   rule  := calls ':' action when* where?
//   calls := name (',' name)*
//   when  := '@' N '+'? | '@@' N '+'? | '%' N | '%%' N | '~' P | 'once'
//   where := '[' key '=' value (',' key '=' value)* ']'
//
// A name is a call, a pattern such as `recv*`, or `*`, which means all transfers. All conditions
// (`when` and `where`) must hold.
//
// docs/fault-injection.md explains the grammar. This file does not depend on descriptors or on the
// kernel.
#ifndef PRELOAD_PLAN_PLAN_H
#define PRELOAD_PLAN_PLAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/calls.h"

enum { kRuleLimit = 64, kPlanLength = 8192, kMessageLength = 256 };

struct Action {
  enum Effect effect;
  int error;        // of kFail
  uint64_t value;   // kMax: bytes, events or iocbs; kRate: bytes a second; kDelay: milliseconds
  bool alternates;  // `again` without a condition: every second call gets the fault
};

// Numbers start at 1; 0 means that the condition is not set. `at`, `from` and `every` refer to the
// call's number (enum Counting). The process_ conditions refer to the calls that this rule matches,
// counted over the whole process.
struct When {
  uint64_t at, from, every;
  uint64_t process_at, process_from, process_every;
  bool has_chance, once;
  double chance;  // 0..1
};

enum Kind { kNothing, kSocketKind, kListenerKind, kFileKind, kOtherKind };

struct Where {
  unsigned kinds;    // bits of enum Kind
  const char* path;  // a pattern within the plan's text; NULL: any path
  size_t path_length;
  unsigned port;        // 0: any
  uint64_t connection;  // 0: any
  uint64_t above;       // the call must ask for more than this
};

struct Rule {
  CallSet calls;
  struct Action action;
  struct When when;
  struct Where where;
  size_t begin, end;                // the rule's place within the plan's text
  atomic_uint_fast64_t considered;  // calls that the rule matched, over the whole process
  atomic_uint_fast64_t faults;      // faults that the rule injected
  atomic_bool spent;                // `once` has applied, for calls without a descriptor
};

struct Plan {
  CallSet calls;  // all calls that the rules name
  int rule_count;
  struct Rule rules[kRuleLimit];
  uint64_t seed;
  bool is_strict;             // a short count does not rearm edge-triggered registrations
  uint64_t first_connection;  // the number of the next new connection; 0: unchanged
  atomic_uint_fast64_t numbers[kCallCount];  // the calls that are counted per process
  uint32_t generation;  // unique; descriptors restart their counts when it changes
  char text[kPlanLength];
};

struct ParseError {
  size_t position;  // within the text
  char message[kMessageLength];
};

// Parses `plan->text`; the rest of `plan` must be zero. Returns false if the text is not a valid
// plan, and then sets `error`.
bool parse_plan(struct Plan* plan, struct ParseError* error);

#endif
