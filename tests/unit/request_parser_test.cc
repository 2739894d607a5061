#include "http/request_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "parsed_stream.h"

namespace aws {
namespace {

using std::string_literals::operator""s;

int refusal_of(const std::string& bytes) {
  return parse(bytes).refusal;
}

TEST(RequestParser, ReadsARequestAsViews) {
  const ParsedStream parsed = parse(
      "GET /static/a%20b?q=1 HTTP/1.1\r\nhOST:  example.org:80 \t\r\nUser-Agent: x y\r\n\r\n");
  ASSERT_TRUE(parsed.complete);
  EXPECT_EQ(parsed.refusal, 200);
  EXPECT_EQ(parsed.method, Method::Get);
  EXPECT_EQ(parsed.method_name, "GET");
  EXPECT_EQ(parsed.target, "/static/a%20b?q=1");
  EXPECT_EQ(parsed.version, "HTTP/1.1");
  EXPECT_EQ(parsed.host, "example.org:80");
  EXPECT_EQ(parsed.user_agent, "x y");
  EXPECT_TRUE(parsed.keep_alive);
  EXPECT_FALSE(parsed.http_1_0);
}

// Whatever way the network cuts a request, it means the same.
TEST(RequestParser, FindsTheSameInEverySplitOfARequest) {
  const std::string next = "GET /next HTTP/1.1\r\nHost: b\r\n\r\n";
  const std::vector<std::string> samples = {
      get(),
      "\r\n\r\n" + get("User-Agent: u\r\nReferer: r\r\n"),
      "HEAD http://h/p?q HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n",
      "GET /\xc3\xa4 HTTP/1.9\r\nHost: [::1]:8\r\nX:\r\n\r\n",
      post("Content-Length: 11\r\n", "hello world"),
      post("Content-Length: 4\r\n", "\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "5\r\nhelloX\r\n0\r\n\r\n"),
      post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""),
      post("Content-Length: 100000\r\n", ""),
      "GET / HTTP/2.0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n",
      "get / HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  for (const std::string& sample : samples) {
    SCOPED_TRACE(sample);
    const ParsedStream whole = parse(sample);
    ASSERT_TRUE(whole.complete);
    EXPECT_EQ(parse_by_bytes(sample), whole);
    for (std::size_t cut = 1; cut < sample.size(); ++cut) {
      const std::vector<std::string_view> pieces = {std::string_view(sample).substr(0, cut),
                                                    std::string_view(sample).substr(cut)};
      ASSERT_EQ(parse_pieces(pieces), whole) << "cut at " << cut;
    }
    if (!whole.keep_alive) continue;
    EXPECT_EQ(whole.consumed, sample.size());
    EXPECT_EQ(parse(sample + next), whole) << "with another request behind";
    for (std::size_t cut = 1; cut < sample.size(); ++cut) {
      const std::string all = sample + next;
      const std::vector<std::string_view> pieces = {std::string_view(all).substr(0, cut),
                                                    std::string_view(all).substr(cut)};
      ASSERT_EQ(parse_pieces(pieces), whole) << "cut at " << cut << ", another behind";
    }
  }
}

TEST(RequestParser, IsIncompleteAtEveryPrefix) {
  const std::string request = post("Content-Length: 3\r\n", "abc");
  for (std::size_t size = 0; size < request.size(); ++size) {
    EXPECT_FALSE(parse(request.substr(0, size)).complete) << size;
  }
}

TEST(RequestParser, KnowsWhetherARequestHasBegun) {
  RequestParser parser;
  EXPECT_FALSE(parser.started());
  ASSERT_EQ(parser.feed("\r\n"), RequestParser::Outcome::Incomplete);
  EXPECT_FALSE(parser.started());
  ASSERT_EQ(parser.feed("\r\nG"), RequestParser::Outcome::Incomplete);
  EXPECT_TRUE(parser.started());
}

TEST(RequestParser, TellsKnownMethodsFromUnknownOnes) {
  const auto method = [](const std::string& name) {
    return parse(name + " /x HTTP/1.1\r\nHost: a\r\n\r\n");
  };
  EXPECT_EQ(method("GET").method, Method::Get);
  EXPECT_EQ(method("HEAD").method, Method::Head);
  EXPECT_EQ(method("OPTIONS").method, Method::Options);
  for (const char* const known : {"POST", "PUT", "DELETE", "TRACE", "PATCH", "PROPFIND", "MKCOL"}) {
    EXPECT_EQ(method(known).refusal, 200) << known;
    EXPECT_EQ(method(known).method, Method::Other) << known;
    EXPECT_TRUE(method(known).keep_alive) << known;
  }
  for (const char* const unknown :
       {"get", "Get", "GETT", "GE", "FOO", "BREW", "G", "DESCRIBE", "SETUP", "PLAY", "RECORD",
        "ANNOUNCE", "TEARDOWN", "FLUSH", "GET_PARAMETER", "PRI", "SOURCE", "QUERYX", "HEAD1"}) {
    EXPECT_EQ(method(unknown).refusal, 501) << unknown;
    EXPECT_FALSE(method(unknown).keep_alive) << unknown;
  }
}

TEST(RequestParser, TreatsALaterMinorVersionAs11) {
  const ParsedStream parsed = parse("GET /x HTTP/1.2\r\nHost: a\r\n\r\n");
  EXPECT_EQ(parsed.refusal, 200);
  EXPECT_EQ(parsed.version, "HTTP/1.2");
  EXPECT_TRUE(parsed.keep_alive);
  EXPECT_FALSE(parsed.http_1_0);
  EXPECT_EQ(refusal_of("GET /x HTTP/1.9\r\n\r\n"), 400) << "and so Host is missing";
}

TEST(RequestParser, KeepsRawUtf8InTheTarget) {
  const ParsedStream parsed = parse("GET /st\xc3\xa4tte?\xff HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(parsed.refusal, 200);
  EXPECT_EQ(parsed.target, "/st\xc3\xa4tte?\xff");
}

TEST(RequestParser, RefusesATargetOfNoForm) {
  EXPECT_EQ(refusal_of("GET x HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET ?x HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

// ---- Host (RFC 9112 section 3.2)

TEST(RequestParser, WantsExactlyOneValidHost) {
  const auto with = [](const std::string& fields) {
    return refusal_of("GET / HTTP/1.1\r\n" + fields + "\r\n");
  };
  EXPECT_EQ(with("Host: a\r\n"), 200);
  EXPECT_EQ(with("host:[::1]:8888\r\n"), 200);
  EXPECT_EQ(with(""), 400);
  EXPECT_EQ(with("Host:\r\n"), 400);
  EXPECT_EQ(with("Host: \t \r\n"), 400);
  EXPECT_EQ(with("Host: a\r\nHost: a\r\n"), 400);
  EXPECT_EQ(with("Host: a\r\nX: y\r\nHOST: b\r\n"), 400);
  EXPECT_EQ(with("Host: a b\r\n"), 400);
  EXPECT_EQ(with("Host: a/b\r\n"), 400);
  EXPECT_EQ(with("Host: a@b\r\n"), 400);
  EXPECT_EQ(with("Host: a,b\r\n"), 200) << "a comma is a sub-delim";
}

TEST(RequestParser, NeedsNoHostFromHttp10) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\n\r\n"), 200);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
}

// ---- Expect (RFC 9110 section 10.1.1)

TEST(RequestParser, AnswersABodyThatWaitsForContinueAtOnceAndCloses) {
  const ParsedStream parsed = parse(post("Expect: 100-Continue\r\nContent-Length: 5\r\n", ""));
  EXPECT_TRUE(parsed.complete);
  EXPECT_EQ(parsed.refusal, 200);
  EXPECT_FALSE(parsed.keep_alive);
}

TEST(RequestParser, KeepsAConnectionThatExpectsContinueForNoBody) {
  const ParsedStream parsed = parse(get("Expect: 100-continue\r\n"));
  EXPECT_EQ(parsed.refusal, 200);
  EXPECT_TRUE(parsed.keep_alive);
}

TEST(RequestParser, RefusesAnyOtherExpectation) {
  EXPECT_EQ(refusal_of(get("Expect: miracles\r\n")), 417);
  EXPECT_EQ(refusal_of(get("Expect: 100-continue, x\r\n")), 417);
  EXPECT_EQ(refusal_of(get("Expect: 100-continue\r\nExpect: x\r\n")), 417);
  EXPECT_EQ(refusal_of(get("Expect: x\r\nExpect: 100-continue\r\n")), 417);
  const ParsedStream parsed = parse(post("Expect: x\r\nContent-Length: 5\r\n", ""));
  EXPECT_EQ(parsed.refusal, 417);
  EXPECT_FALSE(parsed.keep_alive);
}

TEST(RequestParser, IgnoresExpectationsOfHttp10) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\nExpect: x\r\n\r\n"), 200);
  const std::string waits = "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
  EXPECT_FALSE(parse(waits).complete) << "its body comes unasked";
  EXPECT_TRUE(parse(waits + "x").complete);
}

TEST(RequestParser, PrefersAMalformedHostToAnUnknownExpectation) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nExpect: x\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a b\r\nExpect: x\r\n\r\n"), 400);
}

// ---- Persistence (RFC 9112 section 9.3)

struct Persisting {
  const char* version;
  const char* fields;
  bool kept;
};

TEST(RequestParser, KeepsConnectionsAsTheyAsk) {
  const std::vector<Persisting> rows = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "connection: CLOSE\r\n", false},
      {"1.1", "Connection: keep-alive\r\n", true},
      {"1.1", "Connection: keep-alive, close\r\n", false},
      {"1.1", "Connection: close, keep-alive\r\n", false},
      {"1.1", "Connection: x ,\t Close ,y\r\n", false},
      {"1.1", "Connection: x\r\nX: y\r\nConnection: close\r\n", false},
      {"1.1", "Connection: close\r\nConnection: x\r\n", false},
      {"1.1", "Connection: closed\r\n", true},
      {"1.1", "Connection: not-close\r\n", true},
      {"1.1", "Connection:\r\n", true},
      {"1.1", "Connection: ,,\r\n", true},
      {"1.1", "X-Connection: close\r\n", true},
      {"1.1", "Keep-Alive: timeout=5\r\n", true},
      {"1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
      {"1.0", "Connection: x\r\nConnection: keep-alive\r\n", true},
      {"1.0", "Connection: close, keep-alive\r\n", false},
      {"1.0", "Keep-Alive: 300\r\n", false},
  };
  for (const Persisting& row : rows) {
    const ParsedStream parsed =
        parse("GET / HTTP/"s + row.version + "\r\nHost: a\r\n" + row.fields + "\r\n");
    EXPECT_EQ(parsed.refusal, 200) << row.version << ' ' << row.fields;
    EXPECT_EQ(parsed.keep_alive, row.kept) << row.version << ' ' << row.fields;
    EXPECT_EQ(parsed.http_1_0, row.version == "1.0"s);
  }
}

// What stands behind a request that asks for an upgrade is another request, and no other protocol.
TEST(RequestParser, IgnoresUpgrade) {
  const std::string request = get("Connection: upgrade\r\nUpgrade: websocket\r\n");
  const ParsedStream parsed = parse(request + get());
  EXPECT_EQ(parsed.refusal, 200);
  EXPECT_TRUE(parsed.keep_alive);
  EXPECT_EQ(parsed.consumed, request.size());
}

// ---- The end

TEST(RequestParser, RefusesWhatWasBegunWhenTheInputEnds) {
  const std::string whole = post("Content-Length: 3\r\nUser-Agent: u\r\n", "abc");
  for (std::size_t size = 1; size < whole.size(); ++size) {
    RequestParser parser;
    std::string received = whole.substr(0, size);
    ASSERT_EQ(parser.feed(received), RequestParser::Outcome::Incomplete);
    received.resize(parser.kept());
    parser.end_of_input();
    const Request request = parser.request(received);
    EXPECT_EQ(request.refusal, 400);
    EXPECT_FALSE(request.keep_alive);
  }
}

TEST(RequestParser, TimesOutWhatWasBegun) {
  for (const std::string& begun :
       {"GET"s, "GET / HTTP/1.1\r\nHo"s, post("Content-Length: 9\r\n", "a")}) {
    RequestParser parser;
    std::string received = begun;
    ASSERT_EQ(parser.feed(received), RequestParser::Outcome::Incomplete);
    received.resize(parser.kept());
    parser.time_out();
    EXPECT_EQ(parser.request(received).refusal, 408);
    EXPECT_FALSE(parser.request(received).keep_alive);
  }
}

TEST(RequestParser, ForgetsEverythingWhenReset) {
  RequestParser parser;
  const std::string first =
      "POST /first HTTP/1.0\r\nHost: a\r\nUser-Agent: u\r\nConnection: keep-alive\r\n"
      "Content-Length: 3\r\n\r\nabc";
  ASSERT_EQ(parser.feed(first), RequestParser::Outcome::Complete);
  parser.reset();
  EXPECT_FALSE(parser.started());
  const std::string second = get();
  ASSERT_EQ(parser.feed(second), RequestParser::Outcome::Complete);
  EXPECT_EQ(describe(parser, second, 0), parse(second));
}

TEST(RequestParser, CanBeUsedAgainAfterARefusal) {
  RequestParser parser;
  ASSERT_EQ(parser.feed("\x16"), RequestParser::Outcome::Complete);
  parser.reset();
  const std::string good = get();
  ASSERT_EQ(parser.feed(good), RequestParser::Outcome::Complete);
  EXPECT_EQ(parser.request(good).refusal, 200);
}

TEST(RequestParser, GivesNoRequestLineWhereNoneWasUnderstood) {
  RequestParser parser;
  const std::string bytes = "\x16\x03\x01";
  ASSERT_EQ(parser.feed(bytes), RequestParser::Outcome::Complete);
  const Request request = parser.request(bytes);
  EXPECT_EQ(request.refusal, 400);
  EXPECT_EQ(request.method_name, "");
  EXPECT_EQ(request.target, "");
  EXPECT_EQ(request.version, "");
}

}  // namespace
}  // namespace aws
