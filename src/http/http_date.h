// HTTP's date format (RFC 9110 section 5.6.7).
#pragma once

#include <cstdint>
#include <string>

namespace aws {

// `seconds` since the epoch as an IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT". Any year from 0 to
// 9999; the locale does not matter.
[[nodiscard]] std::string format_http_date(std::int64_t seconds);

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
