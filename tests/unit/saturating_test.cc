#include "os/saturating.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace aws {
namespace {

constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
constexpr auto kMostUnsigned = std::numeric_limits<std::uint64_t>::max();

TEST(SaturatingAdd, IsTheSumWhereThereIsOne) {
  EXPECT_EQ(saturating_add<std::int64_t>(0, 0), 0);
  EXPECT_EQ(saturating_add<std::int64_t>(1, 2), 3);
  EXPECT_EQ(saturating_add<std::int64_t>(kMost - 1, 1), kMost);
  EXPECT_EQ(saturating_add<std::uint64_t>(kMostUnsigned - 5, 5), kMostUnsigned);
}

TEST(SaturatingAdd, IsTheLargestNumberWhereTheSumIsLarger) {
  EXPECT_EQ(saturating_add<std::int64_t>(kMost, 1), kMost);
  EXPECT_EQ(saturating_add<std::int64_t>(kMost, kMost), kMost);
  EXPECT_EQ(saturating_add<std::uint64_t>(kMostUnsigned, 1), kMostUnsigned);
  EXPECT_EQ(saturating_add<std::uint64_t>(1, kMostUnsigned), kMostUnsigned);
}

}  // namespace
}  // namespace aws
