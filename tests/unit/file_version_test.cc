#include "http/file_version.h"

#include <gtest/gtest.h>

#include <limits>

namespace aws {
namespace {

// A file that changed within this tick may change again in it, and have the same times.
TEST(FileVersion, IsSettledOnceTheClockHasTicked) {
  const auto settled = [](FileTime changed, FileTime now) {
    return is_settled({.modified = {50, 5}, .changed = changed}, now);
  };
  EXPECT_FALSE(settled({100, 5}, {100, 5}));
  EXPECT_FALSE(settled({100, 5}, {100, 20'000'005}));
  EXPECT_TRUE(settled({100, 5}, {100, 20'000'006}));
  EXPECT_TRUE(settled({99, 999'999'999}, {100, 20'000'000}));
  EXPECT_FALSE(settled({99, 999'999'999}, {100, 19'000'000}));
  EXPECT_FALSE(settled({100, 0}, {101, 999'999'999})) << "whole seconds";
  EXPECT_FALSE(settled({100, 0}, {102, 0}));
  EXPECT_TRUE(settled({100, 0}, {102, 1}));
  EXPECT_FALSE(settled({101, 5}, {100, 0})) << "the clock was set back";
  EXPECT_TRUE(settled({std::numeric_limits<std::int64_t>::min(), 0}, {100, 0}));
}

// A second write within the second would have the same date: until that is impossible, what is told
// is a date that the second write is later than.
TEST(FileVersion, HasItsDateOnceItsSecondIsOver) {
  const auto told = [](FileTime modified, FileTime now) { return date_to_tell(modified, now); };
  EXPECT_EQ(told({100, 5}, {100, 5}), 99);
  EXPECT_EQ(told({100, 5}, {100, 999'999'999}), 99);
  EXPECT_EQ(told({100, 999'999'999}, {101, 20'000'000}), 99) << "stamped just before the tick";
  EXPECT_EQ(told({100, 5}, {101, 20'000'001}), 100);
  EXPECT_EQ(told({100, 999'999'999}, {101, 20'000'001}), 100);
  EXPECT_EQ(told({100, 0}, {103, 0}), 99) << "whole seconds, even ones";
  EXPECT_EQ(told({100, 0}, {103, 1}), 100);
  EXPECT_EQ(told({-5, 0}, {1'700'000'000, 0}), -5);
  EXPECT_EQ(told({std::numeric_limits<std::int64_t>::min(), 0}, {100, 0}),
            std::numeric_limits<std::int64_t>::min());
}

}  // namespace
}  // namespace aws
