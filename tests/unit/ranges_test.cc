#include "http/ranges.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace aws {

std::ostream& operator<<(std::ostream& out, const ByteRange& range) {
  return out << range.first << '-' << range.last;
}

namespace {

using Kind = Ranges::Kind;
using List = std::vector<ByteRange>;
using std::string_literals::operator""s;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// nullopt: ignored; empty: unsatisfiable.
std::optional<List> ranges_of(std::string_view field, std::uint64_t length) {
  const Ranges ranges = parse_ranges(field, length);
  EXPECT_EQ(ranges.kind == Kind::Partial, !ranges.list.empty()) << field;
  return ranges.kind == Kind::Ignore ? std::nullopt : std::optional(ranges.list);
}

struct Row {
  const char* field;
  List expected;
};

// RFC 9110 section 14.1.2, its examples among them.
TEST(Ranges, AreReadAgainstTheLengthOfTheFile) {
  const std::vector<Row> rows = {
      {"bytes=0-499", {{0, 499}}},
      {"bytes=500-999", {{500, 999}}},
      {"bytes=-500", {{9500, 9999}}},
      {"bytes=9500-", {{9500, 9999}}},
      {"bytes=0-0,-1", {{0, 0}, {9999, 9999}}},
      {"bytes=0-0", {{0, 0}}},
      {"bytes=9999-9999", {{9999, 9999}}},
      {"bytes=9999-", {{9999, 9999}}},
      {"bytes=0-", {{0, 9999}}},
      {"bytes=0-9999", {{0, 9999}}},
      {"bytes=0-10000", {{0, 9999}}},
      {"bytes=-1", {{9999, 9999}}},
      {"bytes=-10000", {{0, 9999}}},
      {"bytes=-10001", {{0, 9999}}},
      {"bytes=007-0008", {{7, 8}}},
      {"Bytes=0-1", {{0, 1}}},
      {"BYTES=0-1", {{0, 1}}},
      {"bytes=0-1,,", {{0, 1}}},
      {"bytes=,\t, 0-1 ,", {{0, 1}}},
      {"bytes= 0-1", {{0, 1}}},
      {"bytes=0-1,10000-", {{0, 1}}},
      {"bytes=10000-,0-1,-0", {{0, 1}}},
      {"bytes=10000-", {}},
      {"bytes=10000-20000,-0", {}},
      {"bytes=-0", {}},
      {"bytes=-000", {}},
  };
  for (const Row& row : rows)
    EXPECT_EQ(ranges_of(row.field, 10000), row.expected) << row.field;
}

TEST(Ranges, AreIgnoredIfMalformedOrOfAnotherUnit) {
  for (const char* const field : {"",
                                  " ",
                                  "bytes",
                                  "bytes=",
                                  "bytes= ",
                                  "bytes=,",
                                  "bytes=, ,",
                                  "=0-1",
                                  "0-1",
                                  "bytes:0-1",
                                  "bytes 0-1",
                                  "bytes =0-1",
                                  "bytes==0-1",
                                  "octets=0-1",
                                  "none",
                                  "bytesx=0-1",
                                  "items=0-1",
                                  "bytes=-",
                                  "bytes=--",
                                  "bytes=--1",
                                  "bytes=1",
                                  "bytes=a-b",
                                  "bytes=0-a",
                                  "bytes=a-0",
                                  "bytes=0x0-1",
                                  "bytes=+0-1",
                                  "bytes=0-+1",
                                  "bytes=-+1",
                                  "bytes=0 -1",
                                  "bytes=0- 1",
                                  "bytes=0--1",
                                  "bytes=0-1-2",
                                  "bytes=0-1 2-3",
                                  "bytes=0-1;2-3",
                                  "bytes=0.5-1",
                                  "bytes=0-1x",
                                  "bytes=1-0",
                                  "bytes=0-1,1-0",
                                  "bytes=0-1,x",
                                  "bytes=x,0-1",
                                  "bytes=0-1,-",
                                  "bytes=20000-19999",
                                  "bytes=0-1, bytes=2-3",
                                  "bytes=0-1\x80"}) {
    EXPECT_EQ(ranges_of(field, 10000), std::nullopt) << field;
    EXPECT_EQ(ranges_of(field, 0), std::nullopt) << field << " of an empty file";
  }
  EXPECT_EQ(ranges_of("bytes=0-1\0"s, 10000), std::nullopt);
}

TEST(Ranges, OfAnEmptyFileAreUnsatisfiableUnlessTheyMeanAllOfIt) {
  for (const char* const field : {"bytes=0-", "bytes=0-0", "bytes=1-", "bytes=-0", "bytes=0-,-0"}) {
    EXPECT_EQ(ranges_of(field, 0), List()) << field;
  }
  for (const char* const field : {"bytes=-1", "bytes=-500", "bytes=0-,-1"}) {
    EXPECT_EQ(ranges_of(field, 0), std::nullopt) << field << ": 200, as no 206 could tell it";
  }
}

TEST(Ranges, NeverOverflow) {
  const std::string huge(1000, '9');
  EXPECT_EQ(ranges_of("bytes=0-" + huge, 10), (List{{0, 9}}));
  EXPECT_EQ(ranges_of("bytes=-" + huge, 10), (List{{0, 9}}));
  EXPECT_EQ(ranges_of("bytes=" + huge + "-", 10), List());
  EXPECT_EQ(ranges_of("bytes=" + huge + "-" + huge, 10), List());
  EXPECT_EQ(ranges_of("bytes=18446744073709551616-18446744073709551616", 10), List());
  EXPECT_EQ(ranges_of("bytes=18446744073709551617-2", 10), std::nullopt) << "no wrap to 1-2";
  EXPECT_EQ(ranges_of("bytes=18446744073709551615-", kMost), List());
  EXPECT_EQ(ranges_of("bytes=18446744073709551614-", kMost), (List{{kMost - 1, kMost - 1}}));
  EXPECT_EQ(ranges_of("bytes=0-", kMost), (List{{0, kMost - 1}}));
  EXPECT_EQ(ranges_of("bytes=-18446744073709551615", kMost), (List{{0, kMost - 1}}));
  EXPECT_EQ(ranges_of("bytes=1-,1-", kMost), std::nullopt) << "their sum is more than 64 bits";
}

// RFC 9110 section 15.3.7.2
TEST(Ranges, AreJoinedWhenTheyOverlapTouchOrNearlyTouch) {
  const std::vector<Row> rows = {
      {"bytes=0-9,10-19", {{0, 19}}},
      {"bytes=10-19,0-9", {{0, 19}}},
      {"bytes=0-9,5-14", {{0, 14}}},
      {"bytes=0-99,20-29", {{0, 99}}},
      {"bytes=20-29,0-99", {{0, 99}}},
      {"bytes=0-0,0-0,0-0", {{0, 0}}},
      {"bytes=0-9,109-118", {{0, 118}}},            // 99 bytes between
      {"bytes=0-9,110-119", {{0, 9}, {110, 119}}},  // 100
      {"bytes=0-9,200-209,100-109", {{0, 209}}},    // the third joins the first two
      {"bytes=5000-,-5000", {{5000, 9999}}},
      {"bytes=5000-5999,0-9,4990-5009", {{4990, 5999}, {0, 9}}},
  };
  for (const Row& row : rows)
    EXPECT_EQ(ranges_of(row.field, 10000), row.expected) << row.field;
}

// Clients may have asked for what they need first (RFC 9110 section 15.3.7.2).
TEST(Ranges, KeepTheOrderInWhichTheyWereAsked) {
  EXPECT_EQ(ranges_of("bytes=9000-9009,0-9,5000-5009", 10000),
            (List{{9000, 9009}, {0, 9}, {5000, 5009}}));
  EXPECT_EQ(ranges_of("bytes=9000-9009,0-9,5000-5009,10-19,9010-9019", 10000),
            (List{{9000, 9019}, {0, 19}, {5000, 5009}}));
  EXPECT_EQ(ranges_of("bytes=-1,20000-,0-0", 10000), (List{{9999, 9999}, {0, 0}}));
}

TEST(Ranges, AreIgnoredIfThereAreTooMany) {
  std::string field = "bytes=";
  for (std::size_t i = 0; i < Ranges::kLimit; ++i)
    field += std::to_string(i * 1000) + "-" + std::to_string(i * 1000) + ",";
  EXPECT_EQ(ranges_of(field, 100'000)->size(), Ranges::kLimit);
  EXPECT_EQ(ranges_of(field + "90000-90000", 100'000), std::nullopt);
  EXPECT_EQ(ranges_of(field + "200000-", 100'000), std::nullopt) << "even if it is beyond the end";
  EXPECT_EQ(ranges_of("bytes=" + std::string(1000, ',') + "0-0", 10), (List{{0, 0}}));
}

TEST(Ranges, AreIgnoredIfTheyAskForMoreThanTheFile) {
  EXPECT_EQ(ranges_of("bytes=0-,0-", 10), std::nullopt);
  EXPECT_EQ(ranges_of("bytes=0-,-1", 10), std::nullopt);
  EXPECT_EQ(ranges_of("bytes=0-,20-", 10), (List{{0, 9}})) << "the second asks for nothing";
  EXPECT_EQ(ranges_of("bytes=0-4,5-9", 10), (List{{0, 9}}));
  EXPECT_EQ(ranges_of("bytes=0-4,5-9,0-0", 10), std::nullopt);
}

TEST(Ranges, AreToldInContentRange) {
  EXPECT_EQ(content_range({0, 9}, 100), "bytes 0-9/100");
  EXPECT_EQ(content_range({kMost - 1, kMost - 1}, kMost),
            "bytes 18446744073709551614-18446744073709551614/18446744073709551615");
  EXPECT_EQ(unsatisfied_range(100), "bytes */100");
  EXPECT_EQ(unsatisfied_range(0), "bytes */0");
}

// ---- A model: a small file whose wanted bytes are marked, one by one.

struct ModelSpec {
  int kind;  // 0: first-last, 1: first-, 2: -suffix
  std::size_t first;
  std::size_t count;

  [[nodiscard]] std::string text() const {
    switch (kind) {
      case 0:
        return std::to_string(first) + "-" + std::to_string(first + count);
      case 1:
        return std::to_string(first) + "-";
      default:
        return "-" + std::to_string(count);
    }
  }

  [[nodiscard]] bool wants(std::size_t byte, std::size_t length) const {
    switch (kind) {
      case 0:
        return byte >= first && byte <= first + count;
      case 1:
        return byte >= first;
      default:
        return byte + count >= length;
    }
  }
};

struct Marked {
  std::vector<bool> bytes;
  std::size_t sum = 0;  // with those that were marked more than once
};

Marked mark(const std::vector<ModelSpec>& specs, std::size_t length) {
  Marked marked = {std::vector<bool>(length, false), 0};
  for (const ModelSpec& spec : specs) {
    for (std::size_t byte = 0; byte < length; ++byte) {
      if (!spec.wants(byte, length)) continue;
      marked.bytes[byte] = true;
      ++marked.sum;
    }
  }
  return marked;
}

// Fills the gaps of less than kGap bytes between marked ones.
void fill_gaps(std::vector<bool>& bytes) {
  std::optional<std::size_t> last;
  for (std::size_t byte = 0; byte < bytes.size(); ++byte) {
    if (!bytes[byte]) continue;
    if (last && byte - *last - 1 < Ranges::kGap) {
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(*last),
                bytes.begin() + static_cast<std::ptrdiff_t>(byte), true);
    }
    last = byte;
  }
}

RC_GTEST_PROP(Ranges, AreTheBytesThatTheModelMarked, ()) {
  const auto length = *rc::gen::element<std::size_t>(0, 1, 2, 99, 100, 101, 102, 150, 1000, 3000);
  const auto count = *rc::gen::inRange<std::size_t>(1, 9);
  const auto scale = *rc::gen::element<std::size_t>(3, 50, 400, 4000);
  std::vector<ModelSpec> specs;
  std::string field = "bytes=";
  for (std::size_t i = 0; i < count; ++i) {
    specs.push_back({*rc::gen::weightedElement<int>({{6, 0}, {1, 1}, {1, 2}}),
                     *rc::gen::inRange<std::size_t>(0, length + 3),
                     *rc::gen::inRange<std::size_t>(0, scale)});
    field += (i > 0 ? "," : "") + specs.back().text();
  }
  RC_LOG() << field << " of " << length << '\n';
  const Ranges ranges = parse_ranges(field, length);

  Marked marked = mark(specs, length);
  const bool wants_all_of_nothing =
      length == 0 && std::any_of(specs.begin(), specs.end(), [](const ModelSpec& spec) {
        return spec.kind == 2 && spec.count > 0;
      });
  if (marked.sum > length || wants_all_of_nothing) {
    RC_ASSERT(ranges.kind == Kind::Ignore);
    return;
  }
  if (marked.sum == 0) {
    RC_ASSERT(ranges.kind == Kind::Unsatisfiable);
    return;
  }
  RC_ASSERT(ranges.kind == Kind::Partial);
  fill_gaps(marked.bytes);
  std::vector<bool> sent(length, false);
  for (const ByteRange& range : ranges.list) {
    RC_ASSERT(range.first <= range.last);
    RC_ASSERT(range.last < length);
    for (std::uint64_t byte = range.first; byte <= range.last; ++byte) {
      RC_ASSERT(!sent[byte]);
      sent[byte] = true;
    }
  }
  RC_ASSERT(sent == marked.bytes);
  const auto gaps_from = [&sent](std::size_t byte) { return byte == 0 || !sent[byte - 1]; };
  for (const ByteRange& range : ranges.list)
    RC_ASSERT(gaps_from(range.first));

  // Each range stands where the first of its specs stood.
  std::vector<std::size_t> places;
  for (const ByteRange& range : ranges.list) {
    std::size_t place = 0;
    const auto is_in = [&](const ModelSpec& spec) {
      for (std::uint64_t byte = range.first; byte <= range.last; ++byte) {
        if (spec.wants(byte, length)) return true;
      }
      return false;
    };
    while (!is_in(specs[place]))
      ++place;
    places.push_back(place);
  }
  RC_ASSERT(std::is_sorted(places.begin(), places.end()));
}

RC_GTEST_PROP(Ranges, NameNoByteTwiceWhateverIsAsked, (std::uint64_t length)) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf("0123456789-, \t="s));
  const Ranges ranges = parse_ranges("bytes=" + text, length);
  List sorted = ranges.list;
  std::sort(sorted.begin(), sorted.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    RC_ASSERT(sorted[i].last < length);
    // The parentheses keep the macro from evaluating both sides.
    RC_ASSERT((i == 0 || sorted[i].first - sorted[i - 1].last > Ranges::kGap));
  }
}

RC_GTEST_PROP(Ranges, AreIgnoredWhenTheyAreNoise,
              (const std::string& noise, std::uint64_t length)) {
  RC_PRE(noise.find('=') == std::string::npos);
  RC_ASSERT(parse_ranges(noise, length).kind == Kind::Ignore);
}

}  // namespace
}  // namespace aws
