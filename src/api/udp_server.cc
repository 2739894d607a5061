#include "aws/udp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <deque>
#include <exception>
#include <stdexcept>

#include "api/run_loops.h"
#include "api/server_url.h"
#include "loop/datagram_socket.h"
#include "loop/event_loop_group.h"
#include "os/listener.h"
#include "os/peer_address.h"

namespace aws {

struct UdpServer::Impl {
  explicit Impl(const ServerOptions& chosen)
      : options(chosen),
        sockets(
            open_listeners({chosen.addresses, chosen.port, Transport::Udp}, loop_count_of(chosen))),
        port(sockets.port),
        stop_switch(chosen.stop_on_signals) {}

  const ServerOptions options;
  Listeners sockets;
  const std::uint16_t port;
  DatagramSocket::Handler handler = [](const ReceivedDatagram&) {};
  StopSwitch stop_switch;
};

UdpServer::UdpServer(const ServerOptions& options) {
  try {
    impl_ = std::make_unique<Impl>(options);
  } catch (const std::exception& error) {
    throw SetupError(error.what());
  }
}

UdpServer::~UdpServer() = default;

void UdpServer::on_datagram(std::function<void(Datagram&)> handler) {
  impl_->handler = [handler = std::move(handler)](const ReceivedDatagram& received) {
    Datagram datagram(received);
    handler(datagram);
  };
}

std::uint16_t UdpServer::port() const {
  return impl_->port;
}

std::string UdpServer::url() const {
  return server_url("udp", impl_->options, impl_->port);
}

void UdpServer::run() {
  Impl& impl = *impl_;
  try {
    EventLoopGroup loops(loop_options_of(impl.options), impl.sockets.per_loop.size(),
                         impl.options.pin_threads);
    std::deque<DatagramSocket> sockets;
    for (std::size_t i = 0; i < loops.size(); ++i) {
      for (UniqueFd& fd : impl.sockets.per_loop[i]) {
        DatagramSocket& socket = sockets.emplace_back(loops.loop(i), std::move(fd), impl.handler);
        loops.loop(i).watch(socket.fd(), socket);
      }
    }
    impl.stop_switch.run(loops);
  } catch (const std::runtime_error& error) {
    throw SetupError(error.what());
  }
}

void UdpServer::stop() {
  impl_->stop_switch.stop();
}

// ---- Datagram

std::string_view Datagram::bytes() const {
  return received_.bytes;
}

std::string Datagram::sender() const {
  const std::string host = PeerAddress(received_.from).text();
  // sin_port and sin6_port are at the same place (ip(7), ipv6(7)).
  const auto port = ntohs(reinterpret_cast<const sockaddr_in*>(&received_.from)->sin_port);
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool Datagram::reply(std::string_view bytes) {
  return received_.socket.send(bytes, received_.from, received_.to) == 0;
}

}  // namespace aws
