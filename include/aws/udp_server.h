// UdpServer: a UDP server on one or several event loops.
//
//   aws::UdpServer server({.port = 7000});
//   server.on_datagram([](aws::Datagram& datagram) { datagram.reply(datagram.bytes()); });
//   server.run();
//
// Of ServerOptions it uses addresses, port, threads, pin_threads and stop_on_signals. The handler
// is set before run(), and called on the thread of the loop that received the datagram. It must not
// block and must not throw.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "aws/error.h"
#include "aws/options.h"

namespace aws {

struct ReceivedDatagram;

// A datagram that was received. Exists while the handler runs.
class Datagram {
 public:
  explicit Datagram(const ReceivedDatagram& received) : received_(received) {}
  Datagram(const Datagram&) = delete;
  Datagram& operator=(const Datagram&) = delete;

  // May be empty. At most 65,535 bytes.
  [[nodiscard]] std::string_view bytes() const;

  // The sender: "192.0.2.1:5353", "[2001:db8::1]:5353".
  [[nodiscard]] std::string sender() const;

  // Sends a datagram to the sender, from the address that it had sent to. Returns false if the
  // kernel did not take it: it is lost, as any datagram may be.
  bool reply(std::string_view bytes);

 private:
  const ReceivedDatagram& received_;
};

class UdpServer {
 public:
  // Binds the sockets. Throws SetupError.
  explicit UdpServer(const ServerOptions& options = {});
  ~UdpServer();
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;

  void on_datagram(std::function<void(Datagram&)> handler);

  // As those of TcpServer.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url() const;  // "udp://localhost:7000"
  void run();
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aws
