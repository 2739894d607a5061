#include "commands.h"

#include <string.h>

#include "arms.h"
#include "descriptors.h"
#include "summary.h"

static struct Plan* last_plan;  // that was in force, and is again after `on`

static void remember(void) {
  if (current_plan() != NULL) last_plan = current_plan();
}

static void add_rule(struct Text* answer, struct Plan* plan, struct Rule* rule) {
  add_string(answer, "rule: ");
  add_bytes(answer, plan->text + rule->begin, rule->end - rule->begin);
  add_string(answer, ": considered ");
  add_number(answer, (int64_t)atomic_load(&rule->considered));
  add_string(answer, ", faults ");
  add_number(answer, (int64_t)atomic_load(&rule->faults));
  add_string(answer, "\n");
}

static void tell_status(struct Text* answer) {
  struct Plan* plan = current_plan();
  add_string(answer, plan != NULL ? "on\n" : "off\n");
  if (plan == NULL) plan = last_plan;
  for (int i = 0; plan != NULL && i < plan->rule_count; i++)
    add_rule(answer, plan, &plan->rules[i]);
  add_tallies(answer);
}

static void load(const char* text, struct Text* answer) {
  struct Mistake mistake = {.at = 0};
  struct Plan* plan = new_plan();
  if (plan == NULL) {
    add_string(answer, "error: there is no memory for the plan\n");
    return;
  }
  strcpy(plan->text, text);
  if (!parse_plan(plan, &mistake)) {
    add_string(answer, "error: ");
    add_place(answer, text, mistake.at);
    add_string(answer, ": ");
    add_string(answer, mistake.what);
    add_string(answer, "\n");
    drop_plan(plan);
    return;
  }
  last_plan = plan;
  arm(plan);
  add_string(answer, "ok\n");
}

static void start_over(struct Text* answer) {
  remember();
  number_connections_from(1);
  reset_tallies();
  load(last_plan != NULL ? last_plan->text : "", answer);
}

void obey(const char* line, struct Text* answer) {
  static const char kPlan[] = "plan ";
  if (strcmp(line, "status") == 0) {
    tell_status(answer);
  } else if (strncmp(line, kPlan, sizeof kPlan - 1) == 0) {
    load(line + sizeof kPlan - 1, answer);
  } else if (strcmp(line, "over") == 0) {
    start_over(answer);
  } else if (strcmp(line, "off") == 0 || strcmp(line, "on") == 0) {
    remember();
    arm(line[1] == 'n' ? last_plan : NULL);
    add_string(answer, "ok\n");
  } else {
    add_string(answer, "error: status, plan TEXT, off, on and over are what I know\n");
  }
}
