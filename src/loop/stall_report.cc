#include "loop/stall_report.h"

#include <fmt/core.h>

#include <bit>

#include "os/printable.h"

namespace aws {
namespace {

constexpr std::size_t kLongestBar = 50;

std::string in_words(std::int64_t us) {
  if (us < 1'000) return fmt::format("{} µs", us);
  if (us < 1'000'000) return fmt::format("{:.1f} ms", static_cast<double>(us) / 1e3);
  return fmt::format("{:.1f} s", static_cast<double>(us) / 1e6);
}

std::string in_words(const Blame& blame) {
  std::string words = fmt::format("{} of it", in_words(blame.us));
  if (blame.work != Work::Any) words += fmt::format(" by {}", name(blame.work));
  if (blame.connection != 0) {
    words += fmt::format(" for connection {}", blame.connection);
  } else if (blame.work == Work::Any) {
    words += " for no single connection";
  }
  if (!blame.address.empty()) words += fmt::format(" ({})", printable(blame.address));
  return words;
}

// "12.3 ms, 11.9 ms of it by sendfile for connection 17 (/static/x), in a turn of 3 events"
std::string in_words(const Stall& stall) {
  std::string words = fmt::format("{}, {}", in_words(stall.held_us), in_words(stall.blame));
  if (stall.visits > 1) words += fmt::format(", in a turn of {} events", stall.visits);
  return words;
}

}  // namespace

std::string describe(const Stall& stall) {
  std::string words = fmt::format("the loop was held for {}", in_words(stall));
  if (stall.untold > 0) words += fmt::format("; {} stalls before it were not told", stall.untold);
  return words;
}

std::string summary(const StallFigures& figures) {
  const DurationHistogram& turns = figures.turns;
  const std::string over =
      figures.over_limit > 0 ? fmt::format(" ({} over the limit)", figures.over_limit) : "";
  return fmt::format("turns: {}{}; p50 {}, p99 {}, p99.9 {}, longest {}", turns.count(), over,
                     in_words(turns.quantile_us(0.5)), in_words(turns.quantile_us(0.99)),
                     in_words(turns.quantile_us(0.999)), in_words(figures.longest));
}

std::string drawing(const DurationHistogram& turns) {
  std::string lines;
  const auto doublings =
      static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(turns.longest_us())));
  std::uint64_t before = 0;
  for (unsigned exponent = 0; exponent <= doublings; ++exponent) {
    const std::uint64_t within = turns.shorter_than(exponent);
    const std::uint64_t here = within - before;
    before = within;
    if (within == 0) continue;  // the figures begin with the first that is not 0
    const std::size_t bar = (here * kLongestBar + turns.count() - 1) / turns.count();
    lines += fmt::format("  < {:>8} {:>12} {}\n", in_words(std::int64_t{1} << exponent), here,
                         std::string(bar, '#'));
  }
  return lines;
}

}  // namespace aws
