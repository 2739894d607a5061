#include "http/file_version.h"

namespace aws {
namespace {

// Kernels stamp files by a clock that ticks 100 to 1000 times a second; the margin is for one that
// was read just before the tick. File systems that keep whole seconds only (FAT: even ones) show
// it by their zeros.
constexpr std::int64_t kTickNs = 20'000'000;
constexpr std::int64_t kCoarseTickNs = 2'000'000'000;

std::int64_t tick_ns_of(FileTime stamp) {
  return stamp.ns == 0 ? kCoarseTickNs : kTickNs;
}

// Whether more than `margin_ns` have passed since `moment`.
bool has_passed(FileTime moment, std::int64_t margin_ns, FileTime now) {
  // Far apart, the seconds decide; and differences of nanoseconds never overflow.
  constexpr std::int64_t kFarS = 10;
  if (moment.s > now.s) return false;  // the clock was set back
  if (moment.s < now.s - kFarS) return true;
  return (now.s - moment.s) * 1'000'000'000 + now.ns - moment.ns > margin_ns;
}

}  // namespace

bool is_settled(const FileVersion& version, FileTime now) {
  return has_passed(version.changed, tick_ns_of(version.changed), now);
}

std::int64_t date_to_tell(FileTime modified, FileTime now) {
  if (modified.s >= now.s) return modified.s - 1;
  const bool is_over = has_passed({modified.s + 1, 0}, tick_ns_of(modified), now);
  return is_over ? modified.s : modified.s - 1;
}

}  // namespace aws
