#include "serve/cross_origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace aws {
namespace {

using testing::HasSubstr;
using testing::Not;

// What a browser asks before it sends a request that is not "simple".
Request preflight(std::optional<std::string_view> headers = std::nullopt) {
  Request request;
  request.method = Method::Options;
  const auto set = [&request](Field field, std::string_view value) {
    request.fields[static_cast<std::size_t>(field)] = value;
  };
  set(Field::Origin, "https://example.com");
  set(Field::AccessControlRequestMethod, "GET");
  if (headers) set(Field::AccessControlRequestHeaders, *headers);
  return request;
}

// Whether `text` is nothing but lines "Name: value", each with its CRLF.
bool is_lines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return false;
    const std::string_view line = text.substr(0, end);
    if (line.find(": ") == std::string_view::npos || line.find_first_of("\r\n") != line.npos) {
      return false;
    }
    text.remove_prefix(end + 2);
  }
  return true;
}

TEST(CrossOrigin, EveryAnswerMayBeReadWithTheFieldsThatScriptsNeed) {
  const std::string fields = cross_origin_fields();
  EXPECT_TRUE(is_lines(fields));
  EXPECT_THAT(fields, HasSubstr("Access-Control-Allow-Origin: *\r\n"));
  EXPECT_THAT(fields, HasSubstr("Access-Control-Expose-Headers: "));
  for (const char* const name : {"Content-Range", "Content-Length", "ETag", "Accept-Ranges"})
    EXPECT_THAT(fields, HasSubstr(name));
  EXPECT_THAT(fields, Not(HasSubstr("Credentials"))) << "with which '*' would not be allowed";
}

TEST(CrossOrigin, APreflightIsToldTheMethods) {
  const std::string fields = preflight_fields(preflight());
  EXPECT_TRUE(is_lines(fields));
  EXPECT_THAT(fields, HasSubstr("Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"));
  EXPECT_THAT(fields, HasSubstr("Access-Control-Max-Age: "));
  EXPECT_THAT(fields, Not(HasSubstr("Access-Control-Allow-Headers")));
}

TEST(CrossOrigin, APreflightIsGivenTheFieldsItAsksFor) {
  for (const std::string_view names :
       {"range", "range,if-none-match", "X-One, x-two ,\tx-3", "!#$"})
    EXPECT_THAT(preflight_fields(preflight(names)),
                HasSubstr("\r\nAccess-Control-Allow-Headers: " + std::string(names) + "\r\n"));
}

TEST(CrossOrigin, WhatIsNoListOfNamesIsNotGivenBack) {
  for (const std::string_view names : {"", "a b", "a:b", "<script>", "x, \"y\"", "x;q=1",
                                       "range,,x", ",", "\xc3\xa4", "x/y", "x=y"}) {
    const std::string fields = preflight_fields(preflight(names));
    EXPECT_THAT(fields, Not(HasSubstr("Access-Control-Allow-Headers"))) << names;
    EXPECT_THAT(fields, HasSubstr("Access-Control-Allow-Methods")) << names;
  }
}

TEST(CrossOrigin, OtherOptionsAreNoPreflight) {
  EXPECT_EQ(preflight_fields(Request()), "");
  Request request = preflight("range");
  request.fields[static_cast<std::size_t>(Field::Origin)] = {};
  EXPECT_EQ(preflight_fields(request), "");
  request = preflight("range");
  request.fields[static_cast<std::size_t>(Field::AccessControlRequestMethod)] = {};
  EXPECT_EQ(preflight_fields(request), "");
}

}  // namespace
}  // namespace aws
