#include "serve/dynamic_body.h"

#include <cerrno>

namespace aws {

void DynamicBody::aim(off_t offset, std::uint64_t length, bool more) {
  reader_.aim(offset, length);
  more_ = more;
}

Pump DynamicBody::pump(int socket) {
  const std::uint64_t share_end = sent() + kBytesPerPump;
  while (sent() < share_end) {
    switch (reader_.fetch()) {
      case BlockReader::Fetch::Ready:
        break;
      case BlockReader::Fetch::AwaitDisk:
        return Pump::AwaitDisk;
      case BlockReader::Fetch::End:
        return Pump::Done;
      case BlockReader::Fetch::Failed:
        return fail(reader_.failure());
    }
    const bool more = more_ || !reader_.bytes_are_last();
    const ssize_t taken = sys_.send(socket, reader_.bytes(), more);
    if (taken == -EAGAIN) break;
    if (taken < 0) return fail(failure_of_socket(taken));
    add_sent(taken);
    reader_.use(static_cast<std::size_t>(taken));
  }
  reader_.lend_blocks();
  return Pump::AwaitSocket;
}

}  // namespace aws
