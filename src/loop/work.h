// Work: what an event loop's time is spent on: a kernel call, or the loop's own computation.
#pragma once

#include <cstdint>
#include <string_view>

#include "os/sys.h"

namespace aws {

// The kernel calls have the values that they have in SysCall.
enum class Work : std::uint8_t {
#define SYS_CALL(kind, result, name, parameters, arguments, traced_as) kind,
#include "os/sys_calls.def"
  Own,  // computation between calls
  Any,  // calls and computation together: calls were not timed
  kCount,
};

// As strace(1) and the manual pages call it: "sendfile", "openat2"; "our own work". Empty for Any.
[[nodiscard]] std::string_view name(Work work);

}  // namespace aws
