// What a Request says of fields that are absent, empty, or come in several lines.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "http/request_parser.h"

namespace aws {
namespace {

// A request's parser and bytes, for as long as the views into them are looked at.
class Fields {
 public:
  explicit Fields(const std::string& lines)
      : bytes_("GET /x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n") {
    EXPECT_EQ(parser_.feed(bytes_), RequestParser::Outcome::Complete);
    EXPECT_EQ(parser_.request(bytes_).refusal, 200) << lines;
  }

  [[nodiscard]] std::optional<std::string> operator[](Field field) const {
    const Request request = parser_.request(bytes_);
    const auto value = request.find(field);
    EXPECT_EQ(value.value_or(""), request[field]);
    return value ? std::optional(std::string(*value)) : std::nullopt;
  }

 private:
  std::string bytes_;
  RequestParser parser_;
};

struct NamedField {
  const char* name;
  Field field;
};
constexpr std::array kLists = {
    NamedField{"Accept", Field::Accept},
    NamedField{"Accept-Encoding", Field::AcceptEncoding},
    NamedField{"If-Match", Field::IfMatch},
    NamedField{"If-None-Match", Field::IfNoneMatch},
    NamedField{"Access-Control-Request-Headers", Field::AccessControlRequestHeaders},
};
constexpr std::array kOnceOnly = {
    NamedField{"If-Modified-Since", Field::IfModifiedSince},
    NamedField{"If-Unmodified-Since", Field::IfUnmodifiedSince},
    NamedField{"If-Range", Field::IfRange},
    NamedField{"Range", Field::Range},
    NamedField{"Origin", Field::Origin},
    NamedField{"Access-Control-Request-Method", Field::AccessControlRequestMethod},
};

TEST(RequestFields, TellAnAbsentFieldFromAnEmptyOne) {
  const auto check = [](const NamedField& row) {
    const std::string name = row.name;
    EXPECT_EQ(Fields("")[row.field], std::nullopt) << name;
    EXPECT_EQ(Fields(name + "x: y\r\n")[row.field], std::nullopt) << name;
    for (const char* const empty : {":\r\n", ": \r\n", ":\t \r\n"}) {
      EXPECT_EQ(Fields(name + empty)[row.field], "") << name;
      EXPECT_EQ(Fields("A: b\r\n" + name + empty + "C: d\r\n")[row.field], "") << name;
    }
  };
  std::for_each(kLists.begin(), kLists.end(), check);
  std::for_each(kOnceOnly.begin(), kOnceOnly.end(), check);
}

TEST(RequestFields, AreFoundInAnyCaseAndTrimmed) {
  EXPECT_EQ(Fields("IF-NONE-match: \t\"a\", \"b\" \r\n")[Field::IfNoneMatch], "\"a\", \"b\"");
  EXPECT_EQ(Fields("range:bytes=0-1\r\n")[Field::Range], "bytes=0-1");
}

// RFC 9110 section 5.3: the values in order, with commas between them.
TEST(RequestFields, JoinAListThatComesInSeveralLines) {
  for (const NamedField& row : kLists) {
    const std::string name = row.name;
    const Fields fields(name + ": a, b\r\nX: y\r\n" + name + ": c\r\n" + name + ":\r\n" + name +
                        ": d\r\n");
    EXPECT_EQ(fields[row.field], "a, b, c, , d") << name;
    EXPECT_EQ(Fields(name + ":\r\n" + name + ":\r\n")[row.field], ", ") << name;
  }
}

TEST(RequestFields, JoinListsThatComeInterleaved) {
  const Fields fields(
      "If-Match: 1\r\nAccept: a\r\nIf-Match: 2\r\nAccept: b\r\nIf-Match: 3\r\nAccept: c\r\n");
  EXPECT_EQ(fields[Field::IfMatch], "1, 2, 3");
  EXPECT_EQ(fields[Field::Accept], "a, b, c");
  EXPECT_EQ(fields[Field::IfNoneMatch], std::nullopt);
}

TEST(RequestFields, JoinAsManyLinesAsAHeadMayHave) {
  std::string lines;
  std::string expected;
  for (int i = 0; i < 99; ++i) {
    const std::string value(300, static_cast<char>('a' + i % 26));
    lines += "If-Match: " + value + "\r\n";
    expected += (i == 0 ? "" : ", ") + value;
  }
  EXPECT_EQ(Fields(lines)[Field::IfMatch], expected);
}

// Two of them contradict each other, or a proxy and a server would read different ones.
TEST(RequestFields, AreEmptyIfTheyMayComeOnceOnlyAndComeAgain) {
  for (const NamedField& row : kOnceOnly) {
    const std::string line = std::string(row.name) + ": a\r\n";
    EXPECT_EQ(Fields(line)[row.field], "a") << row.name;
    EXPECT_EQ(Fields(line + line)[row.field], "") << row.name;
    EXPECT_EQ(Fields(line + "X: y\r\n" + line + line)[row.field], "") << row.name;
  }
}

TEST(RequestFields, TakeTheLastLineWhereNothingHangsOnIt) {
  EXPECT_EQ(Fields("Referer: a\r\nReferer: b\r\n")[Field::Referer], "b");
  EXPECT_EQ(Fields("User-Agent: a\r\nUser-Agent:\r\n")[Field::UserAgent], "");
}

TEST(RequestFields, AreNotReadFromTrailers) {
  RequestParser parser;
  const std::string bytes =
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nIf-Match: a\r\n\r\n"
      "0\r\nIf-Match: b\r\nRange: bytes=0-1\r\n\r\n";
  ASSERT_EQ(parser.feed(bytes), RequestParser::Outcome::Complete);
  const Request request = parser.request(bytes);
  EXPECT_EQ(request[Field::IfMatch], "a");
  EXPECT_EQ(request.find(Field::Range), std::nullopt);
}

TEST(RequestFields, AreForgottenWhenTheParserIsReset) {
  RequestParser parser;
  const std::string first = "GET / HTTP/1.1\r\nHost: a\r\nAccept: a\r\nAccept: b\r\n\r\n";
  ASSERT_EQ(parser.feed(first), RequestParser::Outcome::Complete);
  parser.reset();
  const std::string second = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(parser.feed(second), RequestParser::Outcome::Complete);
  EXPECT_EQ(parser.request(second).find(Field::Accept), std::nullopt);
}

TEST(RequestFields, AreAbsentFromARequestThatWasNotUnderstood) {
  RequestParser parser;
  const std::string bytes = "\x16\x03\x01";
  ASSERT_EQ(parser.feed(bytes), RequestParser::Outcome::Complete);
  EXPECT_EQ(parser.request(bytes).find(Field::Host), std::nullopt);
}

}  // namespace
}  // namespace aws
