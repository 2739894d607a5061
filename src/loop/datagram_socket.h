// DatagramSocket: a UDP socket on an event loop.
//
// It knows no protocol: a handler gets each datagram. The loop's thread alone calls it, except
// send().
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "loop/loop_context.h"
#include "os/poller.h"
#include "os/sys.h"
#include "os/unique_fd.h"

namespace aws {

class DatagramSocket;

// A datagram, as long as its handler runs.
struct ReceivedDatagram {
  DatagramSocket& socket;
  std::string_view bytes;        // may be empty
  const sockaddr_storage& from;  // the sender
  const LocalAddress& to;        // the address that it was sent to, for the reply
};

class DatagramSocket final : public EventSource {
 public:
  using Handler = std::function<void(const ReceivedDatagram&)>;

  // Owns `socket`, which is bound and nonblocking. `loop` and `handler` must outlive it.
  // EventLoop::watch() has it read datagrams.
  DatagramSocket(LoopContext& loop, UniqueFd socket, const Handler& handler)
      : loop_(loop), socket_(std::move(socket)), handler_(handler) {}

  // Receives what has come, up to kDatagramsPerIteration datagrams: then other events are handled.
  void on_events(Readiness readiness) noexcept override;

  // Sends a datagram to `to`, from the local address `from`. Returns 0, or -errno: the datagram is
  // lost (EAGAIN: the kernel has no room; EMSGSIZE: it is too long).
  int send(std::string_view bytes, const sockaddr_storage& to, const LocalAddress& from) noexcept;

  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  static constexpr int kDatagramsPerIteration = 64;

  LoopContext& loop_;
  UniqueFd socket_;
  const Handler& handler_;
};

}  // namespace aws
