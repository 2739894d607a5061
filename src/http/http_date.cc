#include "http/http_date.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <tuple>

#include "http/ascii.h"

namespace aws {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::int64_t kSecondsADay = 86'400;

struct Moment {
  int year = 0;
  int month = 0;   // 1 to 12
  int day = 0;     // 1 to 31
  int second = 0;  // of the day; 86400 at a leap second
};

bool is_leap_year(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool is_day_of_month(const Moment& moment) {
  constexpr std::array kLengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int leap_day = moment.month == 2 && is_leap_year(moment.year) ? 1 : 0;
  return moment.day >= 1 &&
         moment.day <= kLengths[static_cast<std::size_t>(moment.month - 1)] + leap_day;
}

// Days of the Gregorian calendar since the epoch. Years begin in March here, so that the leap day
// is the last of its year and months have a regular length: 153 days every five.
std::int64_t days_since_epoch(const Moment& moment) {
  constexpr int kDaysBeforeEpoch = 719'468;  // from March 1st of the year 0
  const int year = moment.month > 2 ? moment.year : moment.year - 1;
  const int month = moment.month > 2 ? moment.month - 3 : moment.month + 9;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * month + 2) / 5 + moment.day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return std::int64_t{era} * 146'097 + day_of_era - kDaysBeforeEpoch;
}

// Takes a date apart, from front to back. Once something was not as expected, nothing is.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  DateReader& literal(std::string_view expected) {
    good_ = good_ && rest_.starts_with(expected);
    if (good_) rest_.remove_prefix(expected.size());
    return *this;
  }

  // A number of exactly `count` digits.
  DateReader& number(std::size_t count, int& value) {
    good_ = good_ && rest_.size() >= count;
    value = 0;
    for (std::size_t i = 0; good_ && i < count; ++i) {
      good_ = is_digit(rest_[i]);
      value = value * 10 + (rest_[i] - '0');
    }
    if (good_) rest_.remove_prefix(count);
    return *this;
  }

  // asctime's day: two digits, or a space and one.
  DateReader& padded_day(int& value) {
    return rest_.starts_with(' ') ? literal(" ").number(1, value) : number(2, value);
  }

  template <std::size_t Size>
  DateReader& day_name(const std::array<std::string_view, Size>& names) {
    int ignored = 0;
    return name(names, ignored);
  }

  DateReader& month(int& value) { return name(kMonths, value); }

  DateReader& time(int& second_of_day) {
    int hour = 0;
    int minute = 0;
    int second = 0;
    number(2, hour).literal(":").number(2, minute).literal(":").number(2, second);
    const bool is_leap_second = hour == 23 && minute == 59 && second == 60;
    good_ = good_ && hour < 24 && minute < 60 && (second < 60 || is_leap_second);
    second_of_day = hour * 3600 + minute * 60 + second;
    return *this;
  }

  // Whether all was as expected, and there is nothing more.
  [[nodiscard]] bool complete() const { return good_ && rest_.empty(); }

 private:
  // One of `names`, and which: 1 for the first.
  template <std::size_t Size>
  DateReader& name(const std::array<std::string_view, Size>& names, int& which) {
    std::size_t i = 0;
    while (i < Size && !rest_.starts_with(names[i]))
      ++i;
    good_ = good_ && i < Size;
    if (good_) rest_.remove_prefix(names[i].size());
    which = static_cast<int>(i) + 1;
    return *this;
  }

  std::string_view rest_;
  bool good_ = true;
};

bool read_imf_fixdate(std::string_view text, Moment& moment) {
  DateReader reader(text);
  reader.day_name(kDays).literal(", ").number(2, moment.day).literal(" ").month(moment.month);
  reader.literal(" ").number(4, moment.year).literal(" ").time(moment.second).literal(" GMT");
  return reader.complete();
}

// Leaves two digits of the year.
bool read_rfc850_date(std::string_view text, Moment& moment) {
  DateReader reader(text);
  reader.day_name(kLongDays).literal(", ").number(2, moment.day).literal("-").month(moment.month);
  reader.literal("-").number(2, moment.year).literal(" ").time(moment.second).literal(" GMT");
  return reader.complete();
}

bool read_asctime_date(std::string_view text, Moment& moment) {
  DateReader reader(text);
  reader.day_name(kDays).literal(" ").month(moment.month).literal(" ").padded_day(moment.day);
  reader.literal(" ").time(moment.second).literal(" ").number(4, moment.year);
  return reader.complete();
}

std::tm to_utc(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  return utc;
}

// "a timestamp that appears to be more than 50 years in the future" is one "in the past that had
// the same last two digits": what is compared is the calendar, since 50 years differ in length.
int year_of_two_digits(const Moment& moment, std::int64_t now_s) {
  const std::tm now = to_utc(now_s);
  const int limit = now.tm_year + 1900 + 50;
  const int year = limit - ((limit - moment.year) % 100 + 100) % 100;
  const int now_second = now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec;
  const bool too_far = std::tuple(year, moment.month, moment.day, moment.second) >
                       std::tuple(limit, now.tm_mon + 1, now.tm_mday, now_second);
  return too_far ? year - 100 : year;
}

}  // namespace

std::string format_http_date(std::int64_t seconds) {
  const std::tm utc = to_utc(seconds);
  return fmt::format(FMT_COMPILE("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT"),
                     kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                     kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_s) {
  Moment moment;
  if (read_rfc850_date(text, moment)) {
    moment.year = year_of_two_digits(moment, now_s);
  } else if (!read_imf_fixdate(text, moment) && !read_asctime_date(text, moment)) {
    return std::nullopt;
  }
  if (!is_day_of_month(moment)) return std::nullopt;
  return days_since_epoch(moment) * kSecondsADay + moment.second;
}

}  // namespace aws
