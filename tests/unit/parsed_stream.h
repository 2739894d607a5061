// ParsedStream: what a RequestParser makes of a stream of bytes that arrives in pieces. It keeps
// the parser's bargain as a connection does: what is not kept() is dropped between two calls.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>

#include "http/request_parser.h"

namespace aws {

struct ParsedStream {
  bool complete = false;
  int refusal = 0;
  bool keep_alive = false;
  bool http_1_0 = false;
  Method method = Method::Other;
  std::string method_name;
  std::string target;
  std::string version;
  std::string host;
  std::string expect;
  std::string user_agent;
  std::size_t consumed = 0;  // bytes of the stream that were the request's; if not refused

  bool operator==(const ParsedStream&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const ParsedStream& parsed) {
  return out << (parsed.complete ? "complete, " : "incomplete, ") << parsed.refusal
             << (parsed.keep_alive ? ", kept, " : ", not kept, ") << parsed.method_name << ' '
             << parsed.target << ' ' << parsed.version << ", host " << parsed.host << ", consumed "
             << parsed.consumed;
}

// What is known of `received` now, `dropped` bytes of the stream having gone before.
inline ParsedStream describe(const RequestParser& parser, std::string_view received,
                             std::size_t dropped) {
  const Request request = parser.request(received);
  ParsedStream parsed;
  parsed.complete = true;
  parsed.refusal = request.refusal;
  parsed.keep_alive = request.keep_alive;
  parsed.http_1_0 = request.http_1_0;
  parsed.method = request.method;
  parsed.method_name = request.method_name;
  parsed.target = request.target;
  parsed.version = request.version;
  parsed.host = request[Field::Host];
  parsed.expect = request[Field::Expect];
  parsed.user_agent = request[Field::UserAgent];
  if (request.keep_alive) parsed.consumed = dropped + parser.consumed();
  return parsed;
}

// Feeds `pieces` until the parser has had enough.
template <typename Pieces>
ParsedStream parse_pieces(const Pieces& pieces) {
  RequestParser parser;
  std::string received;
  std::size_t dropped = 0;
  for (const std::string_view piece : pieces) {
    received += piece;
    if (parser.feed(received) == RequestParser::Outcome::Complete) {
      return describe(parser, received, dropped);
    }
    EXPECT_LE(parser.kept(), received.size());
    dropped += received.size() - parser.kept();
    received.resize(parser.kept());
  }
  return {};
}

inline ParsedStream parse(std::string_view bytes) {
  return parse_pieces(std::initializer_list<std::string_view>{bytes});
}

inline ParsedStream parse_by_bytes(std::string_view bytes) {
  RequestParser parser;
  std::string received;
  std::size_t dropped = 0;
  for (const char byte : bytes) {
    received += byte;
    if (parser.feed(received) == RequestParser::Outcome::Complete) {
      return describe(parser, received, dropped);
    }
    dropped += received.size() - parser.kept();
    received.resize(parser.kept());
  }
  return {};
}

// A request of HTTP/1.1 with these field lines, Host: a among them.
inline std::string get(const std::string& more_fields = "") {
  return "GET /x HTTP/1.1\r\nHost: a\r\n" + more_fields + "\r\n";
}

inline std::string post(const std::string& more_fields, const std::string& body) {
  return "POST /x HTTP/1.1\r\nHost: a\r\n" + more_fields + "\r\n" + body;
}

}  // namespace aws
