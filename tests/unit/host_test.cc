#include "http/host.h"

#include <gtest/gtest.h>

#include <string>

namespace aws {
namespace {

TEST(Host, MayBeANameAnIPv4OrAnIPv6Address) {
  for (const char* const host :
       {"a", "localhost", "example.org", "EXAMPLE.org.", "xn--bcher-kva.example", "127.0.0.1",
        "a_b", "a-b", "%c3%a4.org", "~!$&'()*+,;=", "[::1]", "[2001:db8::1]", "[::ffff:1.2.3.4]"}) {
    EXPECT_TRUE(is_valid_host(host)) << host;
    EXPECT_TRUE(is_valid_host(std::string(host) + ":8888")) << host;
    EXPECT_TRUE(is_valid_host(std::string(host) + ":")) << host << ", the port may be empty";
  }
}

TEST(Host, IsRefusedWhereItCouldNameNone) {
  for (const char* const host : {"",         ":80",      ":",           "a b",
                                 "a\tb",     "a/b",      "a@b",         "user@host:80",
                                 "a:b",      "a:80:80",  "a:-1",        "a:8o",
                                 "a: 80",    "a?b",      "a#b",         "a\\b",
                                 "a\"b",     "<a>",      "a%",          "a%2",
                                 "a%zz",     "\xc3\xa4", "::1",         "[::1",
                                 "::1]",     "[]",       "[]:80",       "[::1]x",
                                 "[::1]:x",  "[::1]80",  "[127.0.0.1]", "[::g]",
                                 "[::1%lo]", "a]",       "[a]",         "a[::1]"}) {
    EXPECT_FALSE(is_valid_host(host)) << host;
  }
  EXPECT_FALSE(is_valid_host(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace aws
