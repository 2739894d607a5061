#include "http/multipart.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "http/head_scanner.h"

namespace aws {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// RFC 9110 section 14.6
TEST(Multipart, SaysWhatEachPartIs) {
  const Multipart multipart("text/plain; charset=utf-8", 8000, 0x1234);
  EXPECT_EQ(multipart.content_type(), "multipart/byteranges; boundary=part0000000000001234");
  EXPECT_EQ(multipart.head({500, 999}),
            "\r\n--part0000000000001234\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Range: bytes 500-999/8000\r\n"
            "\r\n");
  EXPECT_EQ(multipart.head({7000, 7999}),
            "\r\n--part0000000000001234\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Range: bytes 7000-7999/8000\r\n"
            "\r\n");
  EXPECT_EQ(multipart.end(), "\r\n--part0000000000001234--\r\n");
}

TEST(Multipart, SaysNothingOfATypeThatIsNotKnown) {
  EXPECT_EQ(Multipart("", 10, 0).head({0, 1}),
            "\r\n--part0000000000000000\r\nContent-Range: bytes 0-1/10\r\n\r\n");
}

TEST(Multipart, IsAsLongAsWhatIsSent) {
  const std::vector<ByteRange> ranges = {{500, 999}, {7000, 7999}, {0, 0}};
  const Multipart multipart("text/html", 8000, 7);
  std::string body;
  for (const ByteRange& range : ranges) {
    body += multipart.head(range);
    body.append(range.length(), 'x');
  }
  body += multipart.end();
  EXPECT_EQ(multipart.body_length(ranges), body.size());
}

TEST(Multipart, IsNotWorthItIfTheFileIsNoLonger) {
  const std::vector<ByteRange> ranges = {{0, 0}, {200, 200}};
  const std::uint64_t needed = Multipart("text/html", 999, 7).body_length(ranges).value();
  EXPECT_EQ(Multipart("text/html", needed, 7).body_length(ranges), std::nullopt);
  EXPECT_EQ(Multipart("text/html", needed + 1, 7).body_length(ranges), needed);
  EXPECT_EQ(Multipart("text/html", 0, 7).body_length(ranges), std::nullopt);
  EXPECT_EQ(Multipart("text/html", kMost, 7).body_length(std::vector<ByteRange>{{0, kMost - 1}}),
            std::nullopt);
}

TEST(Multipart, HasABoundaryThatNeedsNoQuotes) {
  std::set<std::string> boundaries;
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, kMost, kMost - 1}) {
    const std::string boundary = make_boundary(number);
    EXPECT_TRUE(is_token(boundary)) << boundary;
    EXPECT_EQ(boundary.size(), 20U) << "of at most 70, RFC 2046 section 5.1.1";
    boundaries.insert(boundary);
  }
  EXPECT_EQ(boundaries.size(), 4U);
}

RC_GTEST_PROP(Multipart, NeverMakesAnAnswerLongerThanTheFile, ()) {
  const auto length = *rc::gen::inRange<std::uint64_t>(0, 20000);
  const auto count = *rc::gen::inRange(1, 70);
  std::string field = "bytes=";
  for (int i = 0; i < count; ++i) {
    const auto first = *rc::gen::inRange<std::uint64_t>(0, length + 1);
    field += std::to_string(first) + "-" +
             std::to_string(first + *rc::gen::inRange<std::uint64_t>(0, 50)) + ",";
  }
  const Ranges ranges = parse_ranges(field, length);
  const auto body = Multipart("image/png", length, 1).body_length(ranges.list);
  RC_ASSERT((!body || *body < length));
}

}  // namespace
}  // namespace aws
