// Listening sockets: addresses to bind, and sockets bound to them, one set for each loop.
//
// It does not know who accepts. Used at start-up only, by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "os/unique_fd.h"

namespace aws {

enum class Transport : std::uint8_t { Tcp, Udp };

// Where to listen. `addresses` are numeric IPv4 or IPv6; none means every address of both
// families, by one dual-stack socket (ipv6(7), IPV6_V6ONLY), or of IPv4 where there is no IPv6.
// `port` 0 has the kernel choose one, the same for all.
struct ListenPlan {
  std::vector<std::string> addresses;
  std::uint16_t port = 0;
  Transport transport = Transport::Tcp;
};

// Listening sockets of all loops, on one port.
struct Listeners {
  std::vector<std::vector<UniqueFd>> per_loop;  // [loop][address]
  std::uint16_t port = 0;                       // the real one
};

// Opens a nonblocking socket for each loop and address, with SO_REUSEPORT. TCP sockets listen, with
// SO_REUSEADDR and TCP_NODELAY (which accepted sockets inherit, tcp(7)); UDP sockets report the
// address that a datagram was sent to (IP_PKTINFO, ip(7)). A port that another process uses is
// refused, even where SO_REUSEPORT would let us share it. Throws std::runtime_error with one line
// that says what to do.
[[nodiscard]] Listeners open_listeners(const ListenPlan& plan, std::size_t loops);

}  // namespace aws
