// Kernel calls that a sandbox refuses for good (seccomp(2), gVisor): EPERM or ENOSYS, whatever the
// arguments. Each is tried with arguments that an allowed call rejects with another error.
#pragma once

namespace aws {

// Returns true if -errno `result` of a call that takes part in serving means "never" here.
[[nodiscard]] bool is_refusal(long result) noexcept;

[[nodiscard]] bool sendfile_is_refused() noexcept;

// Throws std::runtime_error, with a message that names the call, if one is refused without which no
// event loop can serve: accept4, recvfrom, sendto, sendmsg, recvmsg, shutdown or timerfd_settime.
void check_needed_calls();

}  // namespace aws
