#include "http/http_date.h"

#include <gtest/gtest.h>

#include <string>

namespace aws {
namespace {

TEST(HttpDate, WritesKnownMoments) {
  EXPECT_EQ(format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110's own
  EXPECT_EQ(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_http_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(format_http_date(1'000'000'000), "Sun, 09 Sep 2001 01:46:40 GMT");
  EXPECT_EQ(format_http_date(2'147'483'648), "Tue, 19 Jan 2038 03:14:08 GMT");
}

TEST(HttpDate, KnowsYearsEndsAndLeapDays) {
  EXPECT_EQ(format_http_date(946684799), "Fri, 31 Dec 1999 23:59:59 GMT");
  EXPECT_EQ(format_http_date(946684800), "Sat, 01 Jan 2000 00:00:00 GMT");
  EXPECT_EQ(format_http_date(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(format_http_date(1709251199), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(format_http_date(1709251200), "Fri, 01 Mar 2024 00:00:00 GMT");
  EXPECT_EQ(format_http_date(4107542400), "Mon, 01 Mar 2100 00:00:00 GMT") << "no leap year";
}

TEST(HttpDate, IsFixedInLengthForEveryMonthAndWeekday) {
  for (std::int64_t day = 0; day < 366; ++day) {
    EXPECT_EQ(format_http_date(day * 86'400).size(), 29U) << day;
  }
  EXPECT_EQ(format_http_date(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(DateCache, FollowsTheClockInBothDirections) {
  DateCache cache;
  EXPECT_EQ(cache.at(784111777), format_http_date(784111777));
  EXPECT_EQ(cache.at(784111777), format_http_date(784111777));
  EXPECT_EQ(cache.at(784111778), format_http_date(784111778));
  EXPECT_EQ(cache.at(784111777), format_http_date(784111777)) << "the clock was set back";
}

TEST(DateCache, IsRightBeforeTheEpochToo) {
  DateCache cache;
  EXPECT_EQ(cache.at(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(cache.at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace aws
