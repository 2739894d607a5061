// parse_http_date(): eight bytes are the time, the rest is a date. What can be read names the same
// moment once it is written again.
#include "http/http_date.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kFirst = -62'167'219'200;  // the years 0 to 9999
  constexpr std::int64_t kLast = 253'402'300'799;
  constexpr std::int64_t kCentury = std::int64_t{100} * 366 * 86'400;
  aws::FuzzInput input(data, size);
  // A server's clock stands after the epoch, and this one's far enough from the year 10000.
  const auto now_s = static_cast<std::int64_t>(input.number<std::uint64_t>() % (kLast - kCentury));
  const auto read = aws::parse_http_date(input.rest(), now_s);
  if (!read) return 0;
  aws::require(*read >= kFirst && *read <= kLast + 1, "a date is within four digits of years");
  if (*read > kLast) return 0;  // the leap second at their end
  aws::require(aws::parse_http_date(aws::format_http_date(*read), now_s) == *read,
               "a date that is written again is the same");
  return 0;
}
