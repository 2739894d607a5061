// What the control socket is asked for; see control.h.
#ifndef PRELOAD_COMMANDS_H
#define PRELOAD_COMMANDS_H

#include "text.h"

// Does what the line says and writes the answer. One that begins with "error: " means: nothing was
// done. Only one thread may call this.
void obey(const char* line, struct Text* answer);

#endif
