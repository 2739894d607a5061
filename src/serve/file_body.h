// FileBody: a body that sends one part of an open file, and can be aimed at another.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "serve/body.h"

namespace aws {

class FileBody : public Body {
 public:
  // pump() sends `length` bytes from `offset` on, and then is Done; 0 is Done at once. `more`:
  // others' bytes will follow, so the last packet may be held back for them.
  virtual void aim(off_t offset, std::uint64_t length, bool more) = 0;
};

}  // namespace aws
