// What a StallMeter found, in words: for the log and for the lines at the end.
#pragma once

#include <string>

#include "loop/stall_meter.h"

namespace aws {

// "the loop was held for 12.3 ms, 11.9 ms of it by sendfile for connection 17 (/static/x)", then
// of how many events the turn was, and how many stalls were not told before.
[[nodiscard]] std::string describe(const Stall& stall);

// One line: "turns: 12345; p50 8 µs, p99 41 µs, p99.9 120 µs, longest 1.3 ms, 1.2 ms of it by …",
// and of how many events the longest was.
[[nodiscard]] std::string summary(const StallFigures& figures);

// A line for each power of two that turns took, with a bar; a newline ends each.
[[nodiscard]] std::string drawing(const DurationHistogram& turns);

}  // namespace aws
