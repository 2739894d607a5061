// malloc. Its calls are counted per process.
#include "hooks/hook.h"

#include <stdlib.h>

HOOK void* malloc(size_t size) {
  struct Decision decision = decide_transfer(kMalloc, -1, -1, size, 0);
  return decision.is_injected ? NULL : REAL(malloc)(size);
}
