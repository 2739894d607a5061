#include "loop/duration_histogram.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;

TEST(DurationHistogram, IsEmptyAtFirst) {
  const DurationHistogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.longest_us(), 0);
  EXPECT_EQ(histogram.quantile_us(0.5), 0);
  EXPECT_EQ(histogram.quantile_us(1), 0);
  EXPECT_EQ(histogram.shorter_than(20), 0U);
}

TEST(DurationHistogram, IsExactBelowSixteenMicroseconds) {
  for (std::int64_t us = 0; us < 16; ++us) {
    DurationHistogram histogram;
    histogram.add(us);
    histogram.add(kHourUs);  // or the longest would bound the answer
    EXPECT_EQ(histogram.quantile_us(0.5), us);
  }
}

TEST(DurationHistogram, IsNeverTooShortAndAtMostAnEighthTooLong) {
  for (std::int64_t us = 16; us < kHourUs; us += us / 13) {
    DurationHistogram histogram;
    histogram.add(us);
    histogram.add(19 * kHourUs);
    const std::int64_t told = histogram.quantile_us(0.5);
    EXPECT_GE(told, us);
    EXPECT_LE(told, us + us / 8) << us;
  }
}

TEST(DurationHistogram, KnowsWithinWhatTheGivenShareKept) {
  DurationHistogram histogram;
  for (int i = 0; i < 989; ++i)
    histogram.add(5);
  for (int i = 0; i < 10; ++i)
    histogram.add(12);
  histogram.add(5000);
  EXPECT_EQ(histogram.count(), 1000U);
  EXPECT_EQ(histogram.quantile_us(0), 5) << "the shortest of all";
  EXPECT_EQ(histogram.quantile_us(0.5), 5);
  EXPECT_EQ(histogram.quantile_us(0.989), 5);
  EXPECT_EQ(histogram.quantile_us(0.99), 12);
  EXPECT_EQ(histogram.quantile_us(0.999), 12);
  EXPECT_EQ(histogram.quantile_us(1), 5000) << "as long as the longest, exactly";
  EXPECT_EQ(histogram.longest_us(), 5000);
}

TEST(DurationHistogram, CountsByPowersOfTwoExactly) {
  DurationHistogram histogram;
  for (std::int64_t us = 0; us < 4096; ++us)
    histogram.add(us);
  for (unsigned exponent = 0; exponent <= 12; ++exponent)
    EXPECT_EQ(histogram.shorter_than(exponent), std::uint64_t{1} << exponent);
  EXPECT_EQ(histogram.shorter_than(13), 4096U);
  EXPECT_EQ(histogram.shorter_than(63), 4096U);
}

TEST(DurationHistogram, BearsWhatNoClockShouldSay) {
  DurationHistogram histogram;
  histogram.add(-5);
  histogram.add(INT64_MAX);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.shorter_than(0), 1U);
  EXPECT_EQ(histogram.longest_us(), INT64_MAX);
  EXPECT_EQ(histogram.quantile_us(0.5), 0);
  EXPECT_GT(histogram.quantile_us(1), 18 * kHourUs);
}

TEST(DurationHistogram, AddsAnother) {
  DurationHistogram one;
  DurationHistogram other;
  one.add(3);
  one.add(900);
  other.add(7);
  other.add(100);
  one.add(other);
  EXPECT_EQ(one.count(), 4U);
  EXPECT_EQ(one.longest_us(), 900);
  EXPECT_EQ(one.quantile_us(0.25), 3);
  EXPECT_EQ(one.quantile_us(0.5), 7);
  other.add(one);
  EXPECT_EQ(other.longest_us(), 900);
}

}  // namespace
}  // namespace aws
