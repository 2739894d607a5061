#include "os/peer_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

namespace aws {
namespace {

std::string text_of(int family, const char* address) {
  sockaddr_storage storage{};
  storage.ss_family = static_cast<sa_family_t>(family);
  void* const bytes = family == AF_INET
                          ? static_cast<void*>(&reinterpret_cast<sockaddr_in&>(storage).sin_addr)
                          : &reinterpret_cast<sockaddr_in6&>(storage).sin6_addr;
  EXPECT_EQ(::inet_pton(family, address, bytes), 1) << address;
  return PeerAddress(storage).text();
}

TEST(PeerAddress, IsWrittenAsUsual) {
  EXPECT_EQ(text_of(AF_INET, "192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(text_of(AF_INET, "255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(text_of(AF_INET6, "::1"), "::1");
  EXPECT_EQ(text_of(AF_INET6, "2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
}

TEST(PeerAddress, ShowsAnIPv4ClientOfADualStackSocketAsIPv4) {
  EXPECT_EQ(text_of(AF_INET6, "::ffff:192.0.2.1"), "192.0.2.1");
}

TEST(PeerAddress, IsADashWhileUnknown) {
  EXPECT_EQ(PeerAddress().text(), "-");
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_EQ(PeerAddress(storage).text(), "-");
}

}  // namespace
}  // namespace aws
