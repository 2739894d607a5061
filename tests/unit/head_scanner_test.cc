#include "http/head_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace aws {
namespace {

using std::string_literals::operator""s;

// What a scanner says that is shown all at once, or 0.
int scan_whole(const std::string& bytes) {
  return HeadScanner().scan(bytes);
}

// What it says that is shown one more byte each time: the first that is not 0.
int scan_by_bytes(const std::string& bytes) {
  HeadScanner scanner;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    const int status = scanner.scan(std::string_view(bytes).substr(0, size));
    if (status != 0) return status;
  }
  return 0;
}

std::string request_of(const std::string& line, const std::string& fields = "Host: a\r\n") {
  return line + "\r\n" + fields + "\r\n";
}

// One field line of `size` bytes, its end included.
std::string field_of(std::size_t size) {
  return "X: " + std::string(size - 5, 'a') + "\r\n";
}

TEST(HeadScanner, FindsTheLinesOfACompleteHead) {
  HeadScanner scanner;
  const std::string head = "\r\nGET /a?b HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(scanner.scan(head + "GET /next"), 200);
  EXPECT_TRUE(scanner.complete());
  EXPECT_EQ(scanner.line_begin(), 2U);
  EXPECT_EQ(scanner.method_end(), 5U);
  EXPECT_EQ(scanner.target_end(), head.find(" HTTP"));
  EXPECT_EQ(scanner.line_end(), head.find("\r\nHost"));
  EXPECT_EQ(scanner.head_end(), head.size());
}

TEST(HeadScanner, IsIncompleteUntilTheEmptyLineHasEnded) {
  const std::string head = request_of("GET / HTTP/1.1");
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(scan_whole(head.substr(0, size)), 0) << size;
  }
  EXPECT_EQ(scan_whole(head), 200);
}

TEST(HeadScanner, HasStartedWithTheFirstByteThatIsNoEmptyLine) {
  HeadScanner scanner;
  EXPECT_FALSE(scanner.started(""));
  ASSERT_EQ(scanner.scan("\r\n"), 0);
  EXPECT_FALSE(scanner.started("\r\n"));
  ASSERT_EQ(scanner.scan("\r\nG"), 0);
  EXPECT_TRUE(scanner.started("\r\nG"));
}

TEST(HeadScanner, LimitsTheTargetTo8KiB) {
  const auto head = [](std::size_t size) {
    return request_of("GET /" + std::string(size - 1, 'a') + " HTTP/1.1");
  };
  for (const auto scan : {scan_whole, scan_by_bytes}) {
    EXPECT_EQ(scan(head(8192)), 200);
    EXPECT_EQ(scan(head(8193)), 414);
  }
}

TEST(HeadScanner, RefusesATargetThatNeverEnds) {
  EXPECT_EQ(scan_whole("GET /" + std::string(9000, 'a')), 414);
}

TEST(HeadScanner, LimitsTheMethodTo32Bytes) {
  for (const auto scan : {scan_whole, scan_by_bytes}) {
    EXPECT_EQ(scan(request_of(std::string(32, 'M') + " / HTTP/1.1")), 200);
    EXPECT_EQ(scan(request_of(std::string(33, 'M') + " / HTTP/1.1")), 400);
  }
  EXPECT_EQ(scan_whole(std::string(32, 'M')), 0);
  EXPECT_EQ(scan_whole(std::string(33, 'M')), 400);
}

// The limit was once two bytes tighter for a head that came in pieces than for one that came whole.
TEST(HeadScanner, LimitsAllFieldsTogetherTo32KiBHoweverTheyArrive) {
  const std::string half = field_of(16 * 1024);
  for (const auto scan : {scan_whole, scan_by_bytes}) {
    EXPECT_EQ(scan(request_of("GET / HTTP/1.1", half + field_of(16 * 1024))), 200);
    EXPECT_EQ(scan(request_of("GET / HTTP/1.1", half + field_of(16 * 1024 + 1))), 431);
    EXPECT_EQ(scan(request_of("GET / HTTP/1.1", field_of(32 * 1024))), 200);
    EXPECT_EQ(scan(request_of("GET / HTTP/1.1", field_of(32 * 1024 + 1))), 431);
  }
}

TEST(HeadScanner, RefusesAFieldThatNeverEnds) {
  EXPECT_EQ(scan_whole("GET / HTTP/1.1\r\nX: " + std::string(33 * 1024, 'a')), 431);
}

TEST(HeadScanner, LimitsTheNumberOfFieldsTo100) {
  const auto fields = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += "X: " + std::to_string(i) + "\r\n";
    return text;
  };
  for (const auto scan : {scan_whole, scan_by_bytes}) {
    EXPECT_EQ(scan(request_of("GET / HTTP/1.1", fields(100))), 200);
    EXPECT_EQ(scan(request_of("GET / HTTP/1.1", fields(101))), 431);
  }
}

TEST(HeadScanner, LimitsTheEmptyLinesBeforeTheRequest) {
  const auto head = [](int lines) {
    std::string text;
    for (int i = 0; i < lines; ++i)
      text += "\r\n";
    return text + request_of("GET / HTTP/1.1");
  };
  for (const auto scan : {scan_whole, scan_by_bytes}) {
    EXPECT_EQ(scan(head(8)), 200);
    EXPECT_EQ(scan(head(9)), 400);
  }
}

struct Malformed {
  const char* what;
  std::string bytes;
  int status;
};

class MalformedHead : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedHead, IsRefusedWholeAndInPieces) {
  EXPECT_EQ(scan_whole(GetParam().bytes), GetParam().status);
  EXPECT_EQ(scan_by_bytes(GetParam().bytes), GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    Table, MalformedHead,
    testing::Values(
        Malformed{"BareLineFeedAfterTheRequestLine", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
        Malformed{"BareLineFeedAfterAField", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
        Malformed{"BareLineFeedAsEmptyLine", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
        Malformed{"BareLineFeedFirst", "\nGET / HTTP/1.1\r\n\r\n", 400},
        Malformed{"BareCarriageReturnFirst", "\rGET / HTTP/1.1\r\n\r\n", 400},
        Malformed{"BareCarriageReturnInTarget", "GET /\ra HTTP/1.1\r\n\r\n", 400},
        Malformed{"BareCarriageReturnInValue", request_of("GET / HTTP/1.1", "X: a\rb\r\n"), 400},
        Malformed{"BareCarriageReturnAsLineEnd", request_of("GET / HTTP/1.1", "X: a\rY: b\r\n"),
                  400},
        Malformed{"TwoCarriageReturns", request_of("GET / HTTP/1.1", "X: a\r\r\n"), 400},
        Malformed{"NulInTarget", "GET /\0 HTTP/1.1\r\n\r\n"s, 400},
        Malformed{"NulInName", request_of("GET / HTTP/1.1", "X\0: a\r\n"s), 400},
        Malformed{"NulInValue", request_of("GET / HTTP/1.1", "X: \0\r\n"s), 400},
        Malformed{"ControlByteInValue", request_of("GET / HTTP/1.1", "X: \x01\r\n"), 400},
        Malformed{"DeleteByteInValue", request_of("GET / HTTP/1.1", "X: \x7f\r\n"), 400},
        Malformed{"ControlByteInTarget", "GET /\x1f HTTP/1.1\r\n\r\n", 400},
        Malformed{"DeleteByteInTarget", "GET /\x7f HTTP/1.1\r\n\r\n", 400},
        Malformed{"TabInRequestLine", "GET\t/\tHTTP/1.1\r\n\r\n", 400},
        Malformed{"TabInTarget", "GET /\ta HTTP/1.1\r\n\r\n", 400},
        Malformed{"FoldedField", request_of("GET / HTTP/1.1", "X: a\r\n b\r\n"), 400},
        Malformed{"FoldedFieldByTab", request_of("GET / HTTP/1.1", "X: a\r\n\tb: c\r\n"), 400},
        Malformed{"SpaceBeforeFirstField", request_of("GET / HTTP/1.1", " X: a\r\n"), 400},
        Malformed{"SpaceBeforeColon", request_of("GET / HTTP/1.1", "Host : a\r\n"), 400},
        Malformed{"TabBeforeColon", request_of("GET / HTTP/1.1", "Host\t: a\r\n"), 400},
        Malformed{"SpaceInName", request_of("GET / HTTP/1.1", "X Y: a\r\n"), 400},
        Malformed{"EmptyName", request_of("GET / HTTP/1.1", ": a\r\n"), 400},
        Malformed{"NoColon", request_of("GET / HTTP/1.1", "Host\r\n"), 400},
        Malformed{"NameOutsideAscii", request_of("GET / HTTP/1.1", "N\xc3\xa4me: a\r\n"), 400},
        Malformed{"BracketInName", request_of("GET / HTTP/1.1", "X(): a\r\n"), 400},
        Malformed{"TwoSpacesBeforeTarget", request_of("GET  / HTTP/1.1"), 400},
        Malformed{"TwoSpacesBeforeVersion", request_of("GET /  HTTP/1.1"), 400},
        Malformed{"SpaceInTarget", request_of("GET /a b HTTP/1.1"), 400},
        Malformed{"SpaceBeforeMethod", request_of(" GET / HTTP/1.1"), 400},
        Malformed{"SpaceAfterVersion", request_of("GET / HTTP/1.1 "), 400},
        Malformed{"NoTarget", request_of("GET HTTP/1.1"), 400},
        Malformed{"EmptyTarget", request_of("GET  HTTP/1.1"), 400},
        Malformed{"MethodAlone", request_of("GET"), 400}, Malformed{"Http09", "GET /\r\n\r\n", 400},
        Malformed{"NoVersionNumber", request_of("GET / HTTP/"), 400},
        Malformed{"VersionWithoutMinor", request_of("GET / HTTP/1"), 400},
        Malformed{"LowerCaseHttp", request_of("GET / http/1.1"), 400},
        Malformed{"OtherProtocol", request_of("GET / RTSP/1.0"), 400},
        Malformed{"TwoDigitMajor", request_of("GET / HTTP/11.1"), 400},
        Malformed{"TwoDigitMinor", request_of("GET / HTTP/1.10"), 400},
        Malformed{"LetterAsMinor", request_of("GET / HTTP/1.x"), 400},
        Malformed{"CommaInVersion", request_of("GET / HTTP/1,1"), 400},
        Malformed{"Version0", request_of("GET / HTTP/0.9"), 505},
        Malformed{"Version2", request_of("GET / HTTP/2.0"), 505},
        Malformed{"Version3", request_of("GET / HTTP/3.0"), 505},
        Malformed{"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505}),
    [](const auto& row) { return std::string(row.param.what); });

// A browser that is told https:// for a plain port waits for a TLS answer: it must not wait long.
TEST(HeadScanner, RefusesTlsAtItsFirstByte) {
  EXPECT_EQ(scan_whole("\x16"), 400);
  EXPECT_EQ(scan_whole("\x16\x03\x01\x02"), 400);
}

TEST(HeadScanner, RefusesABinaryByteInTheMethodBeforeTheLineEnds) {
  EXPECT_EQ(scan_whole("GE\x01"), 400);
  EXPECT_EQ(scan_whole("G\"T /"), 400);
}

TEST(HeadScanner, AcceptsWhatIsUnusualButWellFormed) {
  for (const auto scan : {scan_whole, scan_by_bytes}) {
    EXPECT_EQ(scan(request_of("GET / HTTP/1.2")), 200);
    EXPECT_EQ(scan(request_of("GET / HTTP/1.1", "X:a\r\nX:\r\nX: \t a\tb \t\r\n")), 200);
    EXPECT_EQ(scan(request_of("GET / HTTP/1.1", "!#$%&'*+-.^_`|~9aZ: a\r\n")), 200);
    EXPECT_EQ(scan(request_of("GET /\xc3\xa4 HTTP/1.1", "X: \xff\r\n")), 200);
    EXPECT_EQ(scan(request_of("GET / HTTP/1.1", "")), 200);
  }
}

TEST(IsToken, HoldsForTokenCharactersOnly) {
  EXPECT_TRUE(is_token("M-SEARCH"));
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  EXPECT_FALSE(is_token(""));
  for (const char c : "\"(),/:;<=>?@[\\]{} \t\r\n\x7f\x80\xff"s) {
    EXPECT_FALSE(is_token("a"s + c + "b")) << static_cast<int>(c);
  }
}

}  // namespace
}  // namespace aws
