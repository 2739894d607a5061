// PeerAddress: a client's address, kept small and made text only where somebody reads it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

namespace aws {

class PeerAddress {
 public:
  PeerAddress() = default;  // unknown: "-"
  explicit PeerAddress(const sockaddr_storage& from);

  // "192.0.2.1", "2001:db8::1"; an IPv4 client of a dual-stack socket is shown as IPv4.
  [[nodiscard]] std::string text() const;

 private:
  sa_family_t family_ = AF_UNSPEC;
  in6_addr address_{};  // IPv4 in its mapped form (RFC 4291 section 2.5.5.2)
};

}  // namespace aws
