#include "decision/when.h"

// The finalizer of SplitMix64.
static uint64_t mix(uint64_t x) {
  x += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

// The rule's index is part of the hash, so that two rules for the same call draw independently.
static bool draw(const struct Plan* plan, const struct Rule* rule,
                 const struct CallNumbers* numbers) {
  uint64_t hash = mix(plan->seed);
  hash = mix(hash ^ numbers->stream);
  hash = mix(hash ^ (uint64_t)numbers->call);
  hash = mix(hash ^ numbers->number);
  hash = mix(hash ^ (uint64_t)(rule - plan->rules));
  return (double)(hash >> 11) < rule->when.chance * 0x1p53;
}

static bool number_matches(uint64_t number, uint64_t at, uint64_t from, uint64_t every) {
  return (at == 0 || number == at) && (from == 0 || number >= from) &&
         (every == 0 || number % every == 0);
}

bool is_due(const struct Plan* plan, const struct Rule* rule, const struct CallNumbers* numbers) {
  const struct When* when = &rule->when;
  if (rule->action.alternates && numbers->number % 2 == 0) return false;
  return number_matches(numbers->number, when->at, when->from, when->every) &&
         number_matches(numbers->process_number, when->process_at, when->process_from,
                        when->process_every) &&
         (!when->has_chance || draw(plan, rule, numbers));
}
