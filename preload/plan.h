// A plan: which calls meet which faults, and when. Parsed once, then read by every hook.
//
//   plan := item (';' item)*          item := rule | 'seed=' N | 'first=' N | 'strict' | 'course'
//   rule := calls ':' action when* where?
//   calls := name (',' name)*         name: a call, a pattern as `recv*`, or `*`, all transfers
//   when := '@' N '+'? | '@@' N '+'? | '%' N | '%%' N | '~' P | 'once'       all must hold
//   where := '[' key '=' value (',' key '=' value)* ']'                      all must hold
//
// docs/fault-injection.md explains the words. Nothing here knows of descriptors or of the kernel.
#ifndef PRELOAD_PLAN_H
#define PRELOAD_PLAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls.h"

enum { kRuleLimit = 64, kPlanLength = 8192, kMistakeLength = 256 };

struct Action {
  enum Effect effect;
  int error;        // of kFail
  uint64_t value;   // of kMax bytes (or how many), of kRate bytes a second, of kDelay milliseconds
  bool alternates;  // `again` without a when: a would-block before every call, not for ever
};

// Numbers begin with 1; 0 is "not asked for". A number is the call's own, by enum Counting; the
// process_ ones count the calls that this rule is about, over the whole process.
struct When {
  uint64_t at, from, every;
  uint64_t process_at, process_from, process_every;
  bool has_chance, once;
  double chance;  // 0..1
};

enum Kind { kNothing, kSocketKind, kListenerKind, kFileKind, kOtherKind };

struct Where {
  unsigned kinds;    // bits of enum Kind
  const char* path;  // a pattern within the plan's text, NULL: any
  size_t path_length;
  unsigned port;        // 0: any
  uint64_t connection;  // 0: any
  uint64_t above;       // the call must ask for more
};

struct Rule {
  CallSet calls;
  struct Action action;
  struct When when;
  struct Where where;
  size_t begin, end;                // of its words within the plan's text
  atomic_uint_fast64_t considered;  // calls that it was about, over the whole process
  atomic_uint_fast64_t faults;      // that it gave
  atomic_bool spent;                // `once`, where no descriptor is concerned
};

struct Plan {
  CallSet calls;  // that some rule is about
  int rule_count;
  struct Rule rules[kRuleLimit];
  uint64_t seed;
  bool is_strict;             // a short count owes edge-triggered programs no edge
  uint64_t first_connection;  // the number that the next new connection gets; 0: go on counting
  atomic_uint_fast64_t numbers[kCallCount];  // of the calls that are counted per process
  uint32_t generation;  // each plan loaded has another; counting starts with it
  char text[kPlanLength];
};

struct Mistake {
  size_t at;  // offset of the word within the text
  char what[kMistakeLength];
};

// Fills `plan`, which must be zero but for its text. Returns whether it is a plan; if not,
// `mistake` says why not.
bool parse_plan(struct Plan* plan, struct Mistake* mistake);

#endif
