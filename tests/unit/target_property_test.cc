// What must hold of a decoded target, whatever was sent.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "http/target.h"

namespace aws {
namespace {

using std::string_literals::operator""s;

// A NUL would end the path early for the kernel, but for nobody before it. The head's scanner lets
// none pass; nor must this, by itself.
TEST(TargetProperty, HoldsNoNulEncodedOrNot) {
  EXPECT_FALSE(parse_target("/a%00b"));
  EXPECT_FALSE(parse_target("/a\0b"s));
  EXPECT_FALSE(parse_target("/a?\0"s));
  EXPECT_FALSE(parse_target("\0"s));
}

RC_GTEST_PROP(TargetProperty, StaysBeneathTheRootAndMeansTheSameEncodedAgain, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
      {{9, rc::gen::elementOf("/.%2eEfF5cC"s)}, {1, rc::gen::arbitrary<char>()}}));
  const std::optional<Target> target = parse_target("/" + text);
  if (!target) return;
  const std::string framed = "/" + target->path + "/";
  RC_ASSERT((framed == "//" || framed.find("//") == std::string::npos));
  RC_ASSERT(framed.find("/./") == std::string::npos);
  RC_ASSERT(framed.find("/../") == std::string::npos);
  RC_ASSERT(target->path.find('\0') == std::string::npos);
  const std::optional<Target> again = parse_target(encode_path(target->path));
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->path == target->path);
}

}  // namespace
}  // namespace aws
