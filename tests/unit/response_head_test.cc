#include "http/response_head.h"

#include <gtest/gtest.h>

#include <string>

#include "answer.h"

namespace aws {
namespace {

std::string head_text(const ResponseHead& head, std::string_view date, Persistence persistence) {
  std::string text = "what it held";
  write_head(head, date, persistence, text);
  return text;
}

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

TEST(ResponseHead, SaysAllItWasTold) {
  ResponseHead head;
  head.status = 200;
  head.content_type = "text/plain; charset=utf-8";
  head.content_length = 12;
  head.last_modified = 784111777;
  EXPECT_EQ(head_text(head, kDate, Persistence::Implied),
            "HTTP/1.1 200 OK\r\n"
            "Server: aws\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Length: 12\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "\r\n");
}

TEST(ResponseHead, LeavesOutWhatThereIsNot) {
  ResponseHead head;
  head.status = 204;
  EXPECT_EQ(head_text(head, kDate, Persistence::Implied),
            "HTTP/1.1 204 No Content\r\n"
            "Server: aws\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "\r\n");
}

TEST(ResponseHead, TellsALengthOfZero) {
  ResponseHead head;
  head.content_length = 0;
  const std::string text = head_text(head, kDate, Persistence::Implied);
  EXPECT_NE(text.find("Content-Length: 0\r\n"), std::string::npos);
}

TEST(ResponseHead, TellsALengthBeyond32Bits) {
  ResponseHead head;
  head.content_length = 18'446'744'073'709'551'615U;
  const std::string text = head_text(head, kDate, Persistence::Implied);
  EXPECT_NE(text.find("Content-Length: 18446744073709551615\r\n"), std::string::npos);
}

TEST(ResponseHead, NamesPlaceAndMethodsWhereTheyHelp) {
  ResponseHead head;
  head.status = 301;
  head.location = "/static/a/";
  head.allow = true;
  const std::string text = head_text(head, kDate, Persistence::Implied);
  std::string_view rest = text;
  const auto answer = take_answer(rest);
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)["location"], "/static/a/");
  EXPECT_EQ((*answer)["allow"], "GET, HEAD, OPTIONS");
  EXPECT_EQ(rest, "");
}

TEST(ResponseHead, SpeaksOfTheConnectionOnlyWhenNeeded) {
  const auto connection = [](Persistence persistence) {
    const std::string text = head_text({}, kDate, persistence);
    std::string_view rest = text;
    return take_answer(rest).value()["connection"];
  };
  EXPECT_EQ(connection(Persistence::Implied), "");
  EXPECT_EQ(connection(Persistence::KeepAlive), "keep-alive");
  EXPECT_EQ(connection(Persistence::Close), "close");
}

}  // namespace
}  // namespace aws
