#include "os/peer_address.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace aws {
namespace {

constexpr std::size_t kMappedPrefix = 12;  // bytes before the IPv4 address in a mapped one

}  // namespace

PeerAddress::PeerAddress(const sockaddr_storage& from) : family_(from.ss_family) {
  if (family_ == AF_INET6) {
    address_ = reinterpret_cast<const sockaddr_in6&>(from).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address_)) family_ = AF_INET;
  } else if (family_ == AF_INET) {
    std::memcpy(&address_.s6_addr[kMappedPrefix],
                &reinterpret_cast<const sockaddr_in&>(from).sin_addr, sizeof(in_addr));
  }
}

std::string PeerAddress::text() const {
  if (family_ != AF_INET && family_ != AF_INET6) return "-";
  const void* const bytes =
      family_ == AF_INET ? static_cast<const void*>(&address_.s6_addr[kMappedPrefix]) : &address_;
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family_, bytes, text.data(), text.size());
  return text.data();
}

}  // namespace aws
