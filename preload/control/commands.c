#include "control/commands.h"

#include <string.h>

#include "decision/active.h"
#include "decision/descriptors.h"
#include "report/summary.h"

static struct Plan* last_plan;  // the plan that `on` activates

static void save_plan(void) {
  if (active_plan() != NULL) last_plan = active_plan();
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

static void show_status(struct Text* answer) {
  struct Plan* plan = active_plan();
  add_string(answer, plan != NULL ? "on\n" : "off\n");
  if (plan == NULL) plan = last_plan;
  for (int i = 0; plan != NULL && i < plan->rule_count; i++)
    add_rule(answer, plan, &plan->rules[i]);
  add_counters(answer);
}

static void load_plan(const char* text, struct Text* answer) {
  struct ParseError error = {.position = 0};
  struct Plan* plan = new_plan();
  if (plan == NULL) {
    add_string(answer, "error: no memory for the plan\n");
    return;
  }
  strcpy(plan->text, text);
  if (!parse_plan(plan, &error)) {
    add_string(answer, "error: ");
    add_position(answer, text, error.position);
    add_string(answer, ": ");
    add_string(answer, error.message);
    add_string(answer, "\n");
    free_plan(plan);
    return;
  }
  last_plan = plan;
  activate(plan);
  add_string(answer, "ok\n");
}

static void restart_plan(struct Text* answer) {
  save_plan();
  number_connections_from(1);
  reset_counters();
  load_plan(last_plan != NULL ? last_plan->text : "", answer);
}

void execute_command(const char* line, struct Text* answer) {
  static const char kPlan[] = "plan ";
  if (strcmp(line, "status") == 0) {
    show_status(answer);
  } else if (strncmp(line, kPlan, sizeof kPlan - 1) == 0) {
    load_plan(line + sizeof kPlan - 1, answer);
  } else if (strcmp(line, "over") == 0) {
    restart_plan(answer);
  } else if (strcmp(line, "off") == 0 || strcmp(line, "on") == 0) {
    save_plan();
    activate(line[1] == 'n' ? last_plan : NULL);
    add_string(answer, "ok\n");
  } else {
    add_string(answer, "error: status, plan TEXT, off, on and over are the commands\n");
  }
}
