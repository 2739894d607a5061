// HTTP's date formats (RFC 9110 section 5.6.7): one to write, three to read. Neither the locale nor
// the time zone matters, and no clock is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aws {

// `seconds` since the epoch as an IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT". Any year from 0 to
// 9999; the locale does not matter.
[[nodiscard]] std::string format_http_date(std::int64_t seconds);

// The seconds since the epoch that `text` names, as IMF-fixdate, rfc850-date or asctime-date, exact
// to the letter (the RFC makes dates case-sensitive) and without white space around it; nullopt if
// it is none of these or no such day exists.
//
// `now_s` decides the century of an rfc850-date: the latest that is not more than 50 years ahead.
// The name of the day must be one, but not that day's. A leap second (23:59:60, and at no other
// minute) is the first second of the next day, as the system's clock has it.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text,
                                                          std::int64_t now_s);

// The Date field's value, formatted anew once a second and not once an answer.
class DateCache {
 public:
  // Valid until the next call.
  [[nodiscard]] const std::string& at(std::int64_t seconds) {
    if (seconds != seconds_) {
      seconds_ = seconds;
      text_ = format_http_date(seconds);
    }
    return text_;
  }

 private:
  std::int64_t seconds_ = -1;
  std::string text_ = format_http_date(-1);
};

}  // namespace aws
