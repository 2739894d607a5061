#include "serve/static_body.h"

#include <algorithm>
#include <cerrno>

namespace aws {

// sendfile(2) has no MSG_MORE: whatever `more` says, the kernel pushes the last packet.
void StaticBody::aim(off_t offset, std::uint64_t length, bool /*more*/) {
  offset_ = offset;
  left_ = length;
  residency_.aim(offset, length);
}

Pump StaticBody::pump(int socket) {
  std::uint64_t share = std::min(left_, residency_.was_cold() ? kColdBytesPerPump : kBytesPerPump);
  residency_.forget();
  while (share > 0) {
    const std::int64_t ready = residency_.ready(offset_, share);
    if (ready == 0) return Pump::AwaitDisk;
    if (ready < 0) return fail(Failure::ReadError);
    const ssize_t sent =
        sys_.sendfile(socket, file_.get(), offset_, static_cast<std::size_t>(ready));
    if (sent == -EAGAIN) return Pump::AwaitSocket;
    if (sent < 0) return fail(failure_of_socket(sent));
    if (sent == 0) return fail(Failure::FileShrank);
    add_sent(sent);
    offset_ += sent;
    left_ -= static_cast<std::uint64_t>(sent);
    share -= static_cast<std::uint64_t>(sent);
  }
  return left_ == 0 ? Pump::Done : Pump::AwaitSocket;
}

}  // namespace aws
