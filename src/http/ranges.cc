#include "http/ranges.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "http/ascii.h"

namespace aws {
namespace {

// A member of the list, before it meets a file.
struct RangeSpec {
  std::optional<std::uint64_t> first;  // absent: the last `last` bytes
  std::uint64_t last = 0;
};

// 1*DIGIT; what is too large for 64 bits is as good as the largest number, as no file is longer.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    number = number > (kMost - digit) / 10 ? kMost : number * 10 + digit;
  }
  return number;
}

// int-range = first-pos "-" [ last-pos ], suffix-range = "-" suffix-length. nullopt: malformed, or
// an int-range that ends before it begins.
std::optional<RangeSpec> parse_spec(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view tail = text.substr(dash + 1);
  RangeSpec spec;
  if (dash > 0) {
    spec.first = parse_number(text.substr(0, dash));
    if (!spec.first) return std::nullopt;
  }
  if (spec.first && tail.empty()) {
    spec.last = std::numeric_limits<std::uint64_t>::max();
    return spec;
  }
  const std::optional<std::uint64_t> last = parse_number(tail);
  if (!last || (spec.first && *last < *spec.first)) return std::nullopt;
  spec.last = *last;
  return spec;
}

// What `spec` means for a file; nullopt: nothing.
std::optional<ByteRange> resolve(const RangeSpec& spec, std::uint64_t length) {
  if (spec.first) {
    if (*spec.first >= length) return std::nullopt;
    return ByteRange{*spec.first, std::min(spec.last, length - 1)};
  }
  if (spec.last == 0 || length == 0) return std::nullopt;
  return ByteRange{length - std::min(spec.last, length), length - 1};
}

// The part of the field behind "bytes="; range units are case-insensitive (section 14.1).
std::optional<std::string_view> range_set(std::string_view field) {
  constexpr std::string_view kUnit = "bytes=";
  if (!equals_ignoring_case(field.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  return field.substr(kUnit.size());
}

// nullopt: the list is to be ignored.
std::optional<std::vector<RangeSpec>> parse_set(std::string_view set) {
  std::vector<RangeSpec> specs;
  while (!set.empty()) {
    const std::string_view member = take_member(set);
    if (member.empty()) continue;
    const std::optional<RangeSpec> spec = parse_spec(member);
    if (!spec || specs.size() == Ranges::kLimit) return std::nullopt;
    specs.push_back(*spec);
  }
  if (specs.empty()) return std::nullopt;
  return specs;
}

// Whether they overlap, touch or nearly touch; `left` begins first.
bool belong_together(const ByteRange& left, const ByteRange& right) {
  return right.first <= left.last || right.first - left.last - 1 < Ranges::kGap;
}

struct PlacedRange {
  ByteRange range;
  std::size_t place;  // in the client's list
};

// Joins what belongs together; a joined range takes the place of the first of its ranges.
std::vector<ByteRange> coalesce(const std::vector<ByteRange>& ranges) {
  std::vector<PlacedRange> placed;
  placed.reserve(ranges.size());
  for (const ByteRange& range : ranges)
    placed.push_back({range, placed.size()});
  std::sort(placed.begin(), placed.end(), [](const PlacedRange& left, const PlacedRange& right) {
    return left.range.first < right.range.first;
  });
  std::vector<PlacedRange> joined;
  for (const PlacedRange& next : placed) {
    if (joined.empty() || !belong_together(joined.back().range, next.range)) {
      joined.push_back(next);
      continue;
    }
    PlacedRange& last = joined.back();
    last.range.last = std::max(last.range.last, next.range.last);
    last.place = std::min(last.place, next.place);
  }
  std::sort(joined.begin(), joined.end(), [](const PlacedRange& left, const PlacedRange& right) {
    return left.place < right.place;
  });
  std::vector<ByteRange> result;
  result.reserve(joined.size());
  for (const PlacedRange& each : joined)
    result.push_back(each.range);
  return result;
}

}  // namespace

Ranges parse_ranges(std::string_view field, std::uint64_t length) {
  const std::optional<std::string_view> set = range_set(field);
  if (!set) return {};
  const auto specs = parse_set(*set);
  if (!specs) return {};

  std::vector<ByteRange> ranges;
  std::uint64_t left = length;  // counts down, since a sum could overflow
  for (const RangeSpec& spec : *specs) {
    if (length == 0 && !spec.first && spec.last > 0) return {};
    const std::optional<ByteRange> range = resolve(spec, length);
    if (!range) continue;
    if (range->length() > left) return {};
    left -= range->length();
    ranges.push_back(*range);
  }
  if (ranges.empty()) return {Ranges::Kind::Unsatisfiable, {}};
  if (ranges.size() > 1) ranges = coalesce(ranges);
  return {Ranges::Kind::Partial, std::move(ranges)};
}

std::string content_range(const ByteRange& range, std::uint64_t length) {
  return fmt::format(FMT_COMPILE("bytes {}-{}/{}"), range.first, range.last, length);
}

std::string unsatisfied_range(std::uint64_t length) {
  return fmt::format(FMT_COMPILE("bytes */{}"), length);
}

}  // namespace aws
