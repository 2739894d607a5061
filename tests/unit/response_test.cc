#include "serve/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http/status.h"

namespace aws {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int kPages[] = {301, 400, 403, 404, 405, 408, 414, 417, 431, 500, 501, 503, 505};

TEST(Status, HasAPhraseForAllThatIsSent) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(204), "No Content");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  for (const int status : kPages) {
    EXPECT_NE(reason_phrase(status), "Unknown") << status;
    EXPECT_THAT(std::string(explanation(status)), EndsWith(".")) << status;
  }
  EXPECT_EQ(reason_phrase(299), "Unknown");
  EXPECT_EQ(explanation(299), "");
}

TEST(StatusResponse, IsASmallWellFormedPage) {
  for (const int status : kPages) {
    const Response response = status_response(status);
    const std::string page(response.page);
    EXPECT_EQ(response.body, nullptr);

    const std::string title = std::to_string(status) + ' ' + std::string(reason_phrase(status));
    EXPECT_EQ(response.head.status, status);
    EXPECT_EQ(response.head.content_length, page.size());
    EXPECT_EQ(response.head.content_type, "text/html; charset=utf-8");
    EXPECT_THAT(page, StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"));
    EXPECT_THAT(page, HasSubstr("<meta charset=\"utf-8\">"));
    EXPECT_THAT(page, HasSubstr("<title>" + title + "</title>"));
    EXPECT_THAT(page, HasSubstr("<h1>" + title + "</h1>"));
    EXPECT_THAT(page, HasSubstr("<p>" + std::string(explanation(status)) + "</p>"));
    EXPECT_THAT(page, EndsWith("</body>\n</html>\n"));
  }
}

TEST(StatusResponse, Of204IsEmpty) {
  const Response response = status_response(204);
  EXPECT_EQ(response.page, "");
  EXPECT_EQ(response.body, nullptr);
  EXPECT_EQ(response.head.content_length, std::nullopt);
  EXPECT_EQ(response.head.content_type, "");
}

}  // namespace
}  // namespace aws
