// Listening sockets: addresses to bind, and sockets bound to them, one set a loop.
//
// Knows nothing of who accepts. Used at start-up only, by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "os/unique_fd.h"

namespace aws {

// Where to listen. `addresses` are numeric IPv4 or IPv6; none means every address of both
// families, by one dual-stack socket (ipv6(7), IPV6_V6ONLY), or of IPv4 where there is no IPv6.
// `port` 0 has the kernel choose one, the same for all.
struct ListenPlan {
  std::vector<std::string> addresses;
  std::uint16_t port = 0;
};

// Listening sockets of all loops, on one port.
struct Listeners {
  std::vector<std::vector<UniqueFd>> per_loop;  // [loop][address]
  std::uint16_t port = 0;                       // the real one
};

// Opens one nonblocking listening socket a loop and address, with SO_REUSEADDR, SO_REUSEPORT and
// TCP_NODELAY (which accepted sockets inherit, tcp(7)). A port that another process listens on is
// refused, even where SO_REUSEPORT would let us share it. Throws std::runtime_error with one line
// that says what to do.
[[nodiscard]] Listeners open_listeners(const ListenPlan& plan, std::size_t loops);

}  // namespace aws
