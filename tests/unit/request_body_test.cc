// A request's body, as RequestParser measures and drops it.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/request_parser.h"
#include "parsed_stream.h"

namespace aws {
namespace {

using std::string_literals::operator""s;

constexpr std::size_t kLimit = RequestParser::kBodyLimit;

std::string length_field(std::size_t length) {
  return "Content-Length: " + std::to_string(length) + "\r\n";
}

std::string chunked(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

TEST(RequestBody, BelongsToItsRequestAndNotToTheNext) {
  const std::string next = get();
  for (const std::string& request :
       {post("Content-Length: 5\r\n", "hello"), chunked("5\r\nhello\r\n0\r\n\r\n"),
        chunked("5;ext=1\r\nhello\r\n0\r\nTrailer: 1\r\n\r\n"),
        post("Content-Length: 0\r\n", "")}) {
    const ParsedStream parsed = parse(request + next);
    EXPECT_EQ(parsed.refusal, 200) << request;
    EXPECT_TRUE(parsed.keep_alive);
    EXPECT_EQ(parsed.consumed, request.size()) << request;
  }
}

// The bytes that were measured may be dropped; the head, to which the request's views point, stays.
TEST(RequestBody, IsNotKept) {
  const std::string head = post("Content-Length: 6\r\n", "");
  std::string received = head + "abc";
  RequestParser parser;
  ASSERT_EQ(parser.feed(received), RequestParser::Outcome::Incomplete);
  EXPECT_EQ(parser.kept(), head.size());
  received = head + "d";
  ASSERT_EQ(parser.feed(received), RequestParser::Outcome::Incomplete);
  EXPECT_EQ(parser.kept(), head.size());
  received = head + "ef" + get();
  ASSERT_EQ(parser.feed(received), RequestParser::Outcome::Complete);
  EXPECT_EQ(parser.consumed(), head.size() + 2);
  EXPECT_EQ(parser.request(received).target, "/x");
}

TEST(RequestBody, IsDrainedUpToTheLimit) {
  const std::string request = post(length_field(kLimit), std::string(kLimit, 'b'));
  const ParsedStream parsed = parse(request + get());
  EXPECT_EQ(parsed.refusal, 200);
  EXPECT_TRUE(parsed.keep_alive);
  EXPECT_EQ(parsed.consumed, request.size());
  EXPECT_EQ(parse_by_bytes(request + get()), parsed);
}

TEST(RequestBody, OfMoreThanTheLimitIsNotWaitedFor) {
  const ParsedStream parsed = parse(post(length_field(kLimit + 1), ""));
  EXPECT_TRUE(parsed.complete);
  EXPECT_EQ(parsed.refusal, 200);
  EXPECT_FALSE(parsed.keep_alive);
  EXPECT_FALSE(parse(post(length_field(kLimit), "")).complete);
}

TEST(RequestBody, OfTooManyChunksIsNotWaitedFor) {
  const std::string chunk = "400\r\n" + std::string(1024, 'c') + "\r\n";
  std::vector<std::string> pieces = {chunked("")};
  for (std::size_t size = 0; size <= kLimit; size += chunk.size())
    pieces.push_back(chunk);
  const std::string last = pieces.back();
  pieces.pop_back();
  EXPECT_FALSE(parse_pieces(pieces).complete);
  pieces.push_back(last);
  const ParsedStream parsed = parse_pieces(pieces);
  EXPECT_TRUE(parsed.complete);
  EXPECT_EQ(parsed.refusal, 200);
  EXPECT_FALSE(parsed.keep_alive);
}

TEST(RequestBody, OfAHugeChunkIsNotWaitedFor) {
  std::vector<std::string> pieces = {chunked("FFFFFFFFFFFFFF\r\n"), std::string(kLimit, 'c')};
  const ParsedStream parsed = parse_pieces(pieces);
  EXPECT_TRUE(parsed.complete);
  EXPECT_FALSE(parsed.keep_alive);
}

// Where two readers could disagree about a body's end, a request can be smuggled past one of them
// (RFC 9112 section 6.3): such a message is refused and its connection closed.
TEST(RequestBody, OfDoubtfulLengthIsRefused) {
  const std::vector<std::string> doubtful = {
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
      "Content-Length: 5\r\nContent-Length: 6\r\n",
      "Content-Length: 5\r\nX: y\r\nContent-Length: 5\r\n",
      "Content-Length: 5, 5\r\n",
      "Content-Length: 5, 6\r\n",
      "Content-Length: -5\r\n",
      "Content-Length: +5\r\n",
      "Content-Length: 0x5\r\n",
      "Content-Length: 5a\r\n",
      "Content-Length: 5 5\r\n",
      "Content-Length: 5.0\r\n",
      "Content-Length: \"5\"\r\n",
      "Content-Length: \xd9\xa5\r\n",
      "Content-Length:\r\n",
      "Content-Length: \r\n",
      "Content-Length: 18446744073709551616\r\n",
      "Content-Length: 99999999999999999999999\r\n",
      "Content-Length : 5\r\n",
      "Transfer-Encoding: gzip\r\n",
      "Transfer-Encoding: identity\r\n",
      "Transfer-Encoding: chunked, gzip\r\n",
      "Transfer-Encoding: xchunked\r\n",
      "Transfer-Encoding: chunkedx\r\n",
      "Transfer-Encoding: chunked, identity\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
      "Transfer-Encoding: \"chunked\"\r\n",
      "Transfer-Encoding: chunked;q=1\r\n",
      "Transfer-Encoding:\r\n",
      "Transfer-Encoding:\r\nContent-Length: 5\r\n",
      "Transfer-Encoding : chunked\r\n",
  };
  for (const std::string& fields : doubtful) {
    const ParsedStream parsed = parse(post(fields, "hello"));
    EXPECT_TRUE(parsed.complete) << fields;
    EXPECT_EQ(parsed.refusal, 400) << fields;
    EXPECT_FALSE(parsed.keep_alive) << fields;
  }
}

TEST(RequestBody, OfClearLengthIsAccepted) {
  EXPECT_EQ(parse(post("Content-Length:5 \r\n", "hello")).refusal, 200);
  EXPECT_EQ(parse(post("Content-Length: 005\r\n", "hello")).refusal, 200);
  EXPECT_EQ(parse(post("Transfer-Encoding: ChunKed \r\n", "0\r\n\r\n")).refusal, 200);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").refusal, 200);
}

TEST(RequestBody, HasNoTransferEncodingInHttp10) {
  EXPECT_EQ(parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").refusal, 400);
}

// CVE-2023-30589: a lone CR was taken for the end of a line, so that two readers of one message
// saw different messages.
TEST(RequestBody, OfMalformedChunksIsRefused) {
  const std::vector<std::string> malformed = {
      "x\r\n",
      "-1\r\n",
      "0x5\r\nhello\r\n0\r\n\r\n",
      "\r\n",
      " 5\r\nhello\r\n0\r\n\r\n",
      "5\rhello\r\n0\r\n\r\n",
      "5\nhello\r\n0\r\n\r\n",
      "5\r\rhello\r\n0\r\n\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhello\r0\r\n\r\n",
      "5\r\nhelloo\r\n0\r\n\r\n",
      "5\r\nhello\r\r\n0\r\n\r\n",
      "5;a\rb\r\nhello\r\n0\r\n\r\n",
      "5;a\nhello\r\n0\r\n\r\n",
      "5;a=\0\r\nhello\r\n0\r\n\r\n"s,
      "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
      "0\rX: y\r\n\r\n",
      "0\n\r\n",
      "0\r\n\n",
      "0\r\n\rG",
      "0\r\nX: a\rb\r\n\r\n",
      "0\r\nX: a\rY: b\r\n\r\n",
      "0\r\nX: a\n\r\n",
      "0\r\nX: a\0\r\n\r\n"s,
      "0\r\nX : a\r\n\r\n",
      "0\r\nX: a\r\n b\r\n\r\n",
      "0\r\nno colon\r\n\r\n",
      "0\r\n: a\r\n\r\n",
  };
  for (const std::string& body : malformed) {
    for (const ParsedStream& parsed : {parse(chunked(body)), parse_by_bytes(chunked(body))}) {
      EXPECT_TRUE(parsed.complete) << testing::PrintToString(body);
      EXPECT_EQ(parsed.refusal, 400) << testing::PrintToString(body);
      EXPECT_FALSE(parsed.keep_alive) << testing::PrintToString(body);
    }
  }
}

TEST(RequestBody, CannotChangeTheHeadByItsTrailers) {
  const ParsedStream parsed =
      parse(chunked("0\r\nHost: b\r\nConnection: close\r\nExpect: x\r\nUser-Agent: t\r\n\r\n"));
  EXPECT_EQ(parsed.refusal, 200);
  EXPECT_TRUE(parsed.keep_alive);
  EXPECT_EQ(parsed.host, "a");
  EXPECT_EQ(parsed.user_agent, "");
}

}  // namespace
}  // namespace aws
