// What must hold of a decoded target, whatever was sent.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>

#include "parsed_target.h"

namespace aws {
namespace {

using std::string_literals::operator""s;

// A NUL would end the path early for the kernel, but for nobody before it. The head's scanner lets
// none pass; nor must this, by itself.
TEST(TargetProperty, HoldsNoNulEncodedOrNot) {
  EXPECT_FALSE(ParsedTarget("/a%00b"));
  EXPECT_FALSE(ParsedTarget("/a\0b"s));
  EXPECT_FALSE(ParsedTarget("/a?\0"s));
  EXPECT_FALSE(ParsedTarget("\0"s));
}

RC_GTEST_PROP(TargetProperty, StaysBeneathTheRootAndMeansTheSameEncodedAgain, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
      {{9, rc::gen::elementOf("/.%2eEfF5cC"s)}, {1, rc::gen::arbitrary<char>()}}));
  const ParsedTarget target("/" + text);
  if (!target) return;
  const std::string framed = "/" + std::string(target->path) + "/";
  RC_ASSERT((framed == "//" || framed.find("//") == std::string::npos));
  RC_ASSERT(framed.find("/./") == std::string::npos);
  RC_ASSERT(framed.find("/../") == std::string::npos);
  RC_ASSERT(target->path.find('\0') == std::string::npos);
  const ParsedTarget again(encode_path(target->path));
  RC_ASSERT(static_cast<bool>(again));
  RC_ASSERT(again->path == target->path);
}

// A path that means what it says is viewed where it stands; encoded throughout, it is made anew.
RC_GTEST_PROP(TargetProperty, MeansTheSameHoweverMuchOfItIsEncoded, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf("//..ab"s));
  std::string encoded;
  for (const char c : text) {
    encoded += c == '/' ? "/" : fmt::format("%{:02x}", c);
  }
  const ParsedTarget plain("/" + text);
  const ParsedTarget made("/" + encoded);
  RC_ASSERT(plain->path == made->path);
  RC_ASSERT(plain->is_folder == made->is_folder);
}

}  // namespace
}  // namespace aws
