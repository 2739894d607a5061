#include "os/printable.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

TEST(Printable, ReplacesWhatIsNoVisibleCharacter) {
  EXPECT_EQ(printable("/static/a%20b?c"), "/static/a%20b?c");
  EXPECT_EQ(printable("/\x1b[2J\xc3\xa4 \x7f"), "/%1B[2J%C3%A4%20%7F");
}

}  // namespace
}  // namespace aws
