// BodyTools: what a loop lends to the bodies it serves, and to whoever makes them. All but the
// lookup outlives the bodies.
#pragma once

#include <string_view>

#include "os/disk_io.h"
#include "os/sys.h"
#include "serve/lookup.h"

namespace aws {

struct BodyTools {
  Sys& sys;
  DiskIo& disk;
  Lookup& lookup;              // during the answer's making
  Moment now{};                // of the batch
  std::string_view date = {};  // the Date field's value; empty: not known here
  bool keep_alive = false;     // whether connections are kept, as far as it is up to the server
};

}  // namespace aws
