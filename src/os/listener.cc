#include "os/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace aws {
namespace {

constexpr int kBacklog = 4096;  // the kernel lowers it to net.core.somaxconn

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  bool dual_stack = false;
  Transport transport = Transport::Tcp;

  [[nodiscard]] int family() const { return storage.ss_family; }
  // sin_port and sin6_port stand at the same place (ip(7), ipv6(7)).
  void set_port(std::uint16_t port) {
    reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
  }
};

Address parse_address(const std::string& text) {
  Address address;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    address.size = sizeof(*v4);
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    address.size = sizeof(*v6);
  } else {
    throw std::runtime_error("cannot listen on " + text + ": not a numeric IPv4 or IPv6 address");
  }
  return address;
}

void set_option(int socket, int level, int name, int value) {
  if (::setsockopt(socket, level, name, &value, sizeof(value)) != 0) {
    throw std::system_error(errno, std::generic_category(), "setsockopt");
  }
}

// Has recvmsg(2) report the address that each datagram was sent to.
void report_destinations(int socket, const Address& address) {
  if (address.family() == AF_INET6) {
    set_option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  } else {
    set_option(socket, IPPROTO_IP, IP_PKTINFO, 1);
  }
}

// Binds and listens; the descriptor is empty and errno set where bind(2) or socket(2) refused.
//
// SO_REUSEPORT is set before bind(2) on all sockets of a group but the first: bound without it,
// the first one is refused if anybody else listens on the port. Set afterwards, it lets ours join.
UniqueFd listen_on(const Address& address, bool first_of_group) {
  const bool is_tcp = address.transport == Transport::Tcp;
  const int type = is_tcp ? SOCK_STREAM : SOCK_DGRAM;
  UniqueFd socket(::socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return {};
  if (is_tcp) {
    // Not for UDP: there it would let another process take over the port (socket(7)).
    set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  } else {
    report_destinations(socket.get(), address);
  }
  if (address.family() == AF_INET6) {
    set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, address.dual_stack ? 0 : 1);
  }
  if (!first_of_group) set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) !=
      0) {
    return {};
  }
  if (first_of_group) set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (is_tcp && ::listen(socket.get(), kBacklog) != 0) return {};
  return socket;
}

std::runtime_error cannot_listen(const std::string& where, std::uint16_t port, int error) {
  std::string what = "cannot listen on " + where + " port " + std::to_string(port) + ": ";
  switch (error) {
    case EADDRINUSE:
      what += "the port is taken; choose another with --port, or --port 0";
      break;
    case EACCES:
      what += "not permitted; choose a port of 1024 or above with --port";
      break;
    case EADDRNOTAVAIL:
      what += "this machine has no such address; see `ip address`";
      break;
    case EMFILE:
    case ENFILE:
      what += "no descriptor is left; raise `ulimit -n`, or lower --threads";
      break;
    default:
      what += std::strerror(error);
  }
  return std::runtime_error(what);
}

std::uint16_t port_of(const UniqueFd& socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "getsockname");
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

// The first socket of an address settles the port, and whether there is IPv6 at all.
UniqueFd open_first(Address& address, const std::string& name, std::uint16_t port) {
  address.set_port(port);
  UniqueFd socket = listen_on(address, true);
  const bool no_ipv6 =
      !socket && address.dual_stack && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
  if (no_ipv6) {
    const Transport transport = address.transport;
    address = parse_address("0.0.0.0");
    address.transport = transport;
    address.set_port(port);
    socket = listen_on(address, true);
  }
  if (!socket) throw cannot_listen(name, port, errno);
  return socket;
}

}  // namespace

Listeners open_listeners(const ListenPlan& plan, std::size_t loops) {
  Listeners listeners;
  listeners.port = plan.port;
  listeners.per_loop.resize(loops);

  std::vector<std::string> names = plan.addresses;
  if (names.empty()) names.emplace_back("::");
  for (const std::string& name : names) {
    Address address = parse_address(name);
    address.dual_stack = plan.addresses.empty();
    address.transport = plan.transport;
    for (std::vector<UniqueFd>& sockets : listeners.per_loop) {
      const bool first = &sockets == &listeners.per_loop.front();
      UniqueFd socket =
          first ? open_first(address, name, listeners.port) : listen_on(address, false);
      if (!socket) throw cannot_listen(name, listeners.port, errno);
      if (listeners.port == 0) {
        listeners.port = port_of(socket);
        address.set_port(listeners.port);
      }
      sockets.push_back(std::move(socket));
    }
  }
  return listeners;
}

}  // namespace aws
