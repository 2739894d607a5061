#include "when.h"

// The finalizer of SplitMix64.
static uint64_t mix(uint64_t x) {
  x += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

// Two rules about the same call draw independently.
static bool chance_has_it(const struct Plan* plan, const struct Rule* rule,
                          const struct Occasion* occasion) {
  uint64_t draw = mix(plan->seed);
  draw = mix(draw ^ occasion->whose);
  draw = mix(draw ^ (uint64_t)occasion->call);
  draw = mix(draw ^ occasion->number);
  draw = mix(draw ^ (uint64_t)(rule - plan->rules));
  return (double)(draw >> 11) < rule->when.chance * 0x1p53;
}

static bool counts_right(uint64_t number, uint64_t at, uint64_t from, uint64_t every) {
  return (at == 0 || number == at) && (from == 0 || number >= from) &&
         (every == 0 || number % every == 0);
}

bool is_due(const struct Plan* plan, const struct Rule* rule, const struct Occasion* occasion) {
  const struct When* when = &rule->when;
  if (rule->action.alternates && occasion->number % 2 == 0) return false;
  return counts_right(occasion->number, when->at, when->from, when->every) &&
         counts_right(occasion->process_number, when->process_at, when->process_from,
                      when->process_every) &&
         (!when->has_chance || chance_has_it(plan, rule, occasion));
}
