// BodyTools: what a loop lends to the bodies it serves, and to whoever makes them; outlives them.
#pragma once

#include "os/aio.h"
#include "os/sys.h"

namespace aws {

struct BodyTools {
  Sys& sys;
  AioContext& aio;
  Moment now{};  // of the batch
};

}  // namespace aws
