// parse_http_date(), against RFC 9110 section 5.6.7 and against a calendar that counts days.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/http_date.h"

namespace aws {
namespace {

constexpr std::int64_t kNow_s = 1'700'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT
constexpr std::int64_t kSecondsADay = 86'400;

std::optional<std::int64_t> parse(const std::string& text) {
  return parse_http_date(text, kNow_s);
}

TEST(ParseHttpDate, ReadsAllThreeForms) {
  EXPECT_EQ(parse("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_EQ(parse("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
  EXPECT_EQ(parse("Sun Nov  6 08:49:37 1994"), 784111777);
  EXPECT_EQ(parse("Sun Nov 06 08:49:37 1994"), 784111777) << "2DIGIT is in the grammar";
  EXPECT_EQ(parse("Wed Nov 16 08:49:37 1994"), 784975777);
}

TEST(ParseHttpDate, RefusesWhateverElse) {
  const std::vector<std::string> rows = {
      "", " ", "0", "784111777", "-1", "yesterday", "*", "\"a\"",
      // white space and more than one member
      " Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
      "Sun,  06 Nov 1994 08:49:37 GMT", "Sun,06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
      // cut short
      "Sun, 06 Nov 1994 08:49:37 GM", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49 GMT",
      "Sun, 06 Nov 1994", "Sun, ", "Sun",
      // other zones
      "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000",
      "Sun, 06 Nov 1994 08:49:37 UT",
      // case
      "sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
      "Sun, 06 NOV 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 gmt",
      // widths
      "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
      "Sun, 06 Nov 01994 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
      "Sun, 06 Nov +994 08:49:37 GMT", "Sun, 0x Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT", "Sunday, 6-Nov-94 08:49:37 GMT",
      "Sun Nov 6 08:49:37 1994", "Sun Nov   6 08:49:37 1994", "Sun Nov  6 08:49:37 94",
      // one form's day in another
      "Sun, 06-Nov-94 08:49:37 GMT", "Sunday, 06 Nov 1994 08:49:37 GMT",
      "Sunday Nov  6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT",
      // no such day, month, time
      "Son, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
      "Sun, 32 Dec 1994 08:49:37 GMT", "Sun Nov  0 08:49:37 1994", "Sun, 29 Feb 1994 08:49:37 GMT",
      "Sun, 29 Feb 1900 08:49:37 GMT", "Sun, 29 Feb 2100 08:49:37 GMT",
      "Sun, 30 Feb 2000 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 23:60:00 GMT", "Sun, 06 Nov 1994 23:59:61 GMT",
      "Sun, 06 Nov 1994 22:59:60 GMT", "Sun, 06 Nov 1994 23:58:60 GMT",
      "Sun, 06 Nov 1994 -1:00:00 GMT", "Sun, 06 Nov 1994 08-49-37 GMT"};
  for (const std::string& row : rows)
    EXPECT_EQ(parse(row), std::nullopt) << row;
  EXPECT_EQ(parse(std::string("Sun, 06 Nov 1994 08:49:37 GMT\0", 30)), std::nullopt);
}

TEST(ParseHttpDate, DoesNotMindWhichDayOfTheWeekItWas) {
  EXPECT_EQ(parse("Mon, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_EQ(parse("Saturday, 06-Nov-94 08:49:37 GMT"), 784111777);
  EXPECT_EQ(parse("Wed Nov  6 08:49:37 1994"), 784111777);
}

TEST(ParseHttpDate, CountsALeapSecondToTheNextDay) {
  EXPECT_EQ(parse("Sat, 31 Dec 2016 23:59:60 GMT"), parse("Sun, 01 Jan 2017 00:00:00 GMT"));
  EXPECT_EQ(parse("Saturday, 31-Dec-16 23:59:60 GMT"), 1483228800);
  EXPECT_EQ(parse("Sat Dec 31 23:59:60 2016"), 1483228800);
}

TEST(ParseHttpDate, ReadsEveryYearOfFourDigits) {
  EXPECT_EQ(parse("Sat, 01 Jan 0000 00:00:00 GMT"), -62167219200);
  EXPECT_EQ(parse("Tue, 29 Feb 0000 00:00:00 GMT"), -62162121600);
  EXPECT_EQ(parse("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  EXPECT_EQ(parse("Wed, 31 Dec 1969 23:59:59 GMT"), -1);
  EXPECT_EQ(parse("Tue, 19 Jan 2038 03:14:08 GMT"), 2147483648);
  EXPECT_EQ(parse("Fri, 31 Dec 9999 23:59:59 GMT"), 253402300799);
}

struct TwoDigits {
  const char* now;
  const char* text;
  const char* expected;
};

// "… a timestamp that appears to be more than 50 years in the future": to the second.
TEST(ParseHttpDate, PutsTwoDigitsOfAYearAtMostFiftyYearsAhead) {
  const std::vector<TwoDigits> rows = {
      {"Tue, 14 Nov 2023 22:13:20 GMT", "01-Jan-23 00:00:00", "Sun, 01 Jan 2023 00:00:00 GMT"},
      {"Tue, 14 Nov 2023 22:13:20 GMT", "14-Nov-73 22:13:20", "Tue, 14 Nov 2073 22:13:20 GMT"},
      {"Tue, 14 Nov 2023 22:13:20 GMT", "14-Nov-73 22:13:21", "Wed, 14 Nov 1973 22:13:21 GMT"},
      {"Tue, 14 Nov 2023 22:13:20 GMT", "15-Nov-73 00:00:00", "Thu, 15 Nov 1973 00:00:00 GMT"},
      {"Tue, 14 Nov 2023 22:13:20 GMT", "01-Dec-73 00:00:00", "Sat, 01 Dec 1973 00:00:00 GMT"},
      {"Tue, 14 Nov 2023 22:13:20 GMT", "31-Dec-72 23:59:59", "Sat, 31 Dec 2072 23:59:59 GMT"},
      {"Tue, 14 Nov 2023 22:13:20 GMT", "31-Dec-74 23:59:59", "Tue, 31 Dec 1974 23:59:59 GMT"},
      {"Fri, 31 Dec 1999 23:59:59 GMT", "01-Jan-00 00:00:00", "Sat, 01 Jan 2000 00:00:00 GMT"},
      {"Fri, 31 Dec 1999 23:59:59 GMT", "31-Dec-49 23:59:59", "Fri, 31 Dec 2049 23:59:59 GMT"},
      {"Fri, 31 Dec 1999 23:59:59 GMT", "01-Jan-50 00:00:00", "Sun, 01 Jan 1950 00:00:00 GMT"},
      {"Thu, 01 Jan 1970 00:00:00 GMT", "01-Jan-20 00:00:00", "Wed, 01 Jan 2020 00:00:00 GMT"},
      {"Thu, 01 Jan 1970 00:00:00 GMT", "01-Jan-20 00:00:01", "Thu, 01 Jan 1920 00:00:01 GMT"},
      {"Thu, 29 Feb 2024 12:00:00 GMT", "28-Feb-74 12:00:00", "Wed, 28 Feb 2074 12:00:00 GMT"},
      {"Thu, 29 Feb 2024 12:00:00 GMT", "01-Mar-74 00:00:00", "Fri, 01 Mar 1974 00:00:00 GMT"},
      {"Mon, 01 Mar 2049 00:00:00 GMT", "29-Feb-00 00:00:00", "Tue, 29 Feb 2000 00:00:00 GMT"},
  };
  for (const TwoDigits& row : rows) {
    const std::int64_t now = parse_http_date(row.now, 0).value();
    const std::string text = "Monday, " + std::string(row.text) + " GMT";
    const auto read = parse_http_date(text, now);
    ASSERT_TRUE(read) << text << " at " << row.now;
    EXPECT_EQ(format_http_date(*read), row.expected) << text << " at " << row.now;
  }
  const std::int64_t may_2055 = parse_http_date("Sat, 01 May 2055 00:00:00 GMT", 0).value();
  EXPECT_EQ(parse_http_date("Monday, 29-Feb-00 00:00:00 GMT", may_2055), std::nullopt)
      << "2100 is meant, and is no leap year";
}

// A calendar that knows nothing but how long months are, and counts.
struct Day {
  int year = 1970;
  int month = 1;
  int day = 1;
  int weekday = 4;  // a Thursday; Sunday is 0

  void advance() {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const std::array lengths = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    weekday = (weekday + 1) % 7;
    if (++day <= lengths[static_cast<std::size_t>(month - 1)]) return;
    day = 1;
    if (++month <= 12) return;
    month = 1;
    ++year;
  }
};

std::string digits(int number, std::size_t width) {
  const std::string text = std::to_string(number);
  return std::string(width > text.size() ? width - text.size() : 0, '0') + text;
}

constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                  "Thursday", "Friday", "Saturday"};
constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

TEST(ParseHttpDate, AgreesWithACountOfAllDaysFrom1970To2200) {
  Day day;
  for (std::int64_t count = 0; day.year <= 2200; ++count, day.advance()) {
    const std::int64_t second = count * 7919 % kSecondsADay;
    const std::int64_t moment = count * kSecondsADay + second;
    const std::string time = digits(static_cast<int>(second / 3600), 2) + ":" +
                             digits(static_cast<int>(second / 60 % 60), 2) + ":" +
                             digits(static_cast<int>(second % 60), 2);
    const auto weekday = static_cast<std::size_t>(day.weekday);
    const std::string month = kMonths[static_cast<std::size_t>(day.month - 1)];
    const std::string year = digits(day.year, 4);
    const std::string imf = kDays[weekday] + std::string(", ") + digits(day.day, 2) + " " + month +
                            " " + year + " " + time + " GMT";
    const std::string rfc850 = kLongDays[weekday] + std::string(", ") + digits(day.day, 2) + "-" +
                               month + "-" + year.substr(2) + " " + time + " GMT";
    const std::string padded = (day.day < 10 ? " " : "") + std::to_string(day.day);
    const std::string asctime =
        kDays[weekday] + std::string(" ") + month + " " + padded + " " + time + " " + year;
    ASSERT_EQ(parse(imf), moment) << imf;
    ASSERT_EQ(parse(asctime), moment) << asctime;
    ASSERT_EQ(parse_http_date(rfc850, moment), moment) << rfc850;
    ASSERT_EQ(parse_http_date(rfc850, moment - 49 * 365 * kSecondsADay), moment) << rfc850;
    ASSERT_EQ(parse_http_date(rfc850, moment + 49 * 365 * kSecondsADay), moment) << rfc850;
    ASSERT_EQ(format_http_date(moment), imf);
  }
}

RC_GTEST_PROP(ParseHttpDate, ReadsWhatWasWritten, ()) {
  const auto moment = *rc::gen::inRange<std::int64_t>(-62167219200, 253402300800);
  RC_ASSERT(parse(format_http_date(moment)) == moment);
}

RC_GTEST_PROP(ParseHttpDate, RefusesADateWithAnyOneByteChangedToNoneOfItsAlphabet, ()) {
  std::string text = format_http_date(*rc::gen::inRange<std::int64_t>(0, 4102444800));
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  text[at] = *rc::gen::element('\0', '\x80', '!', '~', 'q', '\t', '\n');
  RC_ASSERT(parse(text) == std::nullopt);
}

RC_GTEST_PROP(ParseHttpDate, SurvivesGarbage, (const std::string& text, std::int32_t now)) {
  const auto read = parse_http_date(text, now);
  RC_ASSERT((!read || text.size() >= 24));
}

}  // namespace
}  // namespace aws
