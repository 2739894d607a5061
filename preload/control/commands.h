// The commands of the control socket, which control.h lists.
#ifndef PRELOAD_CONTROL_COMMANDS_H
#define PRELOAD_CONTROL_COMMANDS_H

#include "report/text.h"

// Executes the command and adds its output to `answer`. If the output starts with "error: ", the
// command had no effect. Only one thread may call this.
void execute_command(const char* line, struct Text* answer);

#endif
