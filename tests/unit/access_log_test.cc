#include "server/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include "temp_folder.h"

namespace aws {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

AccessEntry sample() {
  AccessEntry entry;
  entry.peer = "192.0.2.1";
  entry.wall_s = 784111777;
  entry.request_line = "GET /static/a HTTP/1.1";
  entry.status = 200;
  entry.body_bytes = 12;
  entry.referer = "http://example.org/";
  entry.user_agent = "curl/7.88.1";
  entry.duration_us = 85;
  entry.engine = "static";
  return entry;
}

TEST(AccessLog, WritesCombinedFormatWithDurationAndEngine) {
  EXPECT_THAT(format_entry(sample()),
              MatchesRegex("192\\.0\\.2\\.1 - - \\[[0-9]+/Nov/1994:[0-9:]+ [+-][0-9]+\\] "
                           "\"GET /static/a HTTP/1\\.1\" 200 12 \"http://example\\.org/\" "
                           "\"curl/7\\.88\\.1\" 85 static"));
}

TEST(AccessLog, WritesADashForWhatIsMissing) {
  AccessEntry entry = sample();
  entry.request_line.clear();
  entry.referer.clear();
  entry.user_agent.clear();
  EXPECT_THAT(format_entry(entry), EndsWith("\"-\" 200 12 \"-\" \"-\" 85 static"));
}

// A client chooses these bytes: it must not be able to forge a line or a terminal's colours.
TEST(AccessLog, EscapesWhateverAClientChose) {
  AccessEntry entry = sample();
  entry.user_agent = "a\"b\\c\nd\te\x1b[31m\x7f\xc3\xa4";
  EXPECT_THAT(format_entry(entry),
              HasSubstr("\"a\\\"b\\\\c\\x0ad\\x09e\\x1b[31m\\x7f\\xc3\\xa4\" 85"));
  entry.request_line = entry.referer = entry.user_agent;
  const std::string line = format_entry(entry);
  for (const char c : line) {
    EXPECT_GE(c, ' ');
    EXPECT_LT(c, '\x7f');
  }
}

TEST(AccessLog, HasWrittenEverythingWhenItEnds) {
  const TempFolder folder;
  const std::string file = (folder.path() / "access.log").string();
  {
    AccessLog log(file);
    for (int i = 0; i < 100; ++i) {
      AccessEntry entry = sample();
      entry.status = 200 + i;
      log.write(entry);
    }
    log.finish();
    EXPECT_EQ(log.lost(), 0U);
  }
  std::ifstream stream(file);
  std::string line;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(std::getline(stream, line)) << i;
    EXPECT_THAT(line, HasSubstr("\" " + std::to_string(200 + i) + " 12 \"")) << "in order";
  }
  EXPECT_FALSE(std::getline(stream, line));
}

TEST(AccessLog, SaysThatAFileCannotBeWritten) {
  const TempFolder folder;
  const std::string file = folder.write("file", "");
  EXPECT_THROW(AccessLog(file + "/access.log"), std::runtime_error) << "its folder is a file";
}

}  // namespace
}  // namespace aws
