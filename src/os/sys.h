// Sys: every kernel call that serving makes, and the clock.
//
// One virtual method for each row of sys_calls.def, so that a unit test can fail the n-th call or
// cut a transfer short (tests/unit/faulty_sys.h). A method returns a value >= 0, or -errno; EINTR
// is retried here, and no caller reads errno. Stateless: any thread may call it.
#pragma once

#include <libaio.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace aws {

// A reading of both clocks. An event loop takes one in each iteration and lends it to its sessions.
struct Moment {
  std::int64_t monotonic_us = 0;  // never jumps: for timeouts and durations
  std::int64_t wall_s = 0;        // seconds since the epoch: for Date and the log
  std::int64_t wall_ns = 0;       // nanoseconds of that second
};

// The local address that a datagram was sent to, so that the reply can be sent from it.
struct LocalAddress {
  sa_family_t family = AF_UNSPEC;  // AF_UNSPEC: the kernel chooses
  in6_addr address{};              // of AF_INET, the first four bytes
};

// The kernel calls, for reports of which call took the time.
enum class SysCall : std::uint8_t {
#define SYS_CALL(kind, result, name, parameters, arguments, traced_as) kind,
#include "os/sys_calls.def"
  kCount,
};

// As strace(1) and the manual pages call it: "sendfile", "openat2".
[[nodiscard]] std::string_view name(SysCall call);

class Sys {
 public:
  Sys() = default;
  Sys(const Sys&) = delete;
  Sys& operator=(const Sys&) = delete;
  virtual ~Sys() = default;

#define SYS_CALL(kind, result, name, parameters, arguments, traced_as) \
  [[nodiscard]] virtual result name parameters noexcept;
#define SYS_CALL_VOID(kind, result, name, parameters, arguments, traced_as) \
  virtual result name parameters noexcept;
#include "os/sys_calls.def"

  [[nodiscard]] virtual Moment now() noexcept;
  // Moment::monotonic_us alone, at half the cost: to measure how long something takes.
  [[nodiscard]] virtual std::int64_t monotonic_us() noexcept;
};

}  // namespace aws
