#include "loop/datagram_socket.h"

#include <algorithm>

namespace aws {

void DatagramSocket::on_events(Readiness /*readiness*/) noexcept {
  for (int i = 0; i < kDatagramsPerIteration; ++i) {
    sockaddr_storage from{};
    LocalAddress to;
    const ssize_t size = loop_.sys.receive_datagram(socket_.get(), loop_.scratch, from, to);
    // An error is about a datagram that was sent before (ECONNREFUSED, udp(7)); it is cleared now.
    if (size == -EAGAIN) return;
    if (size < 0) continue;
    const std::string_view bytes(loop_.scratch.data(), static_cast<std::size_t>(size));
    handler_({.socket = *this, .bytes = bytes, .from = from, .to = to});
  }
}

int DatagramSocket::send(std::string_view bytes, const sockaddr_storage& to,
                         const LocalAddress& from) noexcept {
  const ssize_t sent = loop_.sys.send_datagram(socket_.get(), bytes, to, from);
  return static_cast<int>(std::min<ssize_t>(sent, 0));
}

}  // namespace aws
