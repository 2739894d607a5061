#include "http/target.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "parsed_target.h"

namespace aws {
namespace {

using std::string_literals::operator""s;

std::string path_of(const std::string& raw) {
  const ParsedTarget target(raw);
  return target ? std::string(target->path) : "(refused)";
}

bool names_folder(const std::string& raw) {
  return ParsedTarget(raw)->is_folder;
}

TEST(Target, IsAPathWithoutSurroundingSlashes) {
  EXPECT_EQ(path_of("/"), "");
  EXPECT_EQ(path_of("/static/a.txt"), "static/a.txt");
  EXPECT_EQ(path_of("/static/"), "static");
  EXPECT_EQ(path_of("//static///a//b"), "static/a/b");
}

TEST(Target, NamesAFolderIfItEndsInASlash) {
  EXPECT_TRUE(names_folder("/"));
  EXPECT_TRUE(names_folder("/a/"));
  EXPECT_TRUE(names_folder("/a//"));
  EXPECT_TRUE(names_folder("/a%2F"));
  EXPECT_TRUE(names_folder("/a/."));
  EXPECT_TRUE(names_folder("/a/.."));
  EXPECT_TRUE(names_folder("/a/?x"));
  EXPECT_FALSE(names_folder("/a"));
  EXPECT_FALSE(names_folder("/a//b"));
  EXPECT_FALSE(names_folder("/a/../b"));
  EXPECT_FALSE(names_folder("/a?x/"));
  EXPECT_FALSE(names_folder("/..."));
  EXPECT_FALSE(names_folder("/.a"));
}

TEST(Target, IsDecodedOnce) {
  EXPECT_EQ(path_of("/a%20b"), "a b");
  EXPECT_EQ(path_of("/%41%5a%c3%A4"), "AZ\xc3\xa4");
  EXPECT_EQ(path_of("/%252e%252e/a"), "%2e%2e/a");
  EXPECT_EQ(path_of("/%25"), "%");
  EXPECT_EQ(path_of("/a+b"), "a+b");
  EXPECT_EQ(path_of("/%0d%0a"), "\r\n");
  EXPECT_EQ(path_of("/%5c..%5ca"), "\\..\\a");
}

TEST(Target, ResolvesDotSegments) {
  EXPECT_EQ(path_of("/a/./b"), "a/b");
  EXPECT_EQ(path_of("/a/b/../c"), "a/c");
  EXPECT_EQ(path_of("/a/b/../../c"), "c");
  EXPECT_EQ(path_of("/a/.."), "");
  EXPECT_EQ(path_of("/.../..a/a../.a"), ".../..a/a../.a");
  EXPECT_EQ(path_of("/a//../b"), "b") << "an empty segment is dropped before";
}

TEST(Target, NeverClimbsAboveTheRoot) {
  EXPECT_EQ(path_of("/.."), "");
  EXPECT_EQ(path_of("/../../../etc/passwd"), "etc/passwd");
  EXPECT_EQ(path_of("/a/../../etc/passwd"), "etc/passwd");
}

// What is decoded later than it is resolved leads out of the root.
TEST(Target, ResolvesEncodedDotSegmentsAndSlashesToo) {
  EXPECT_EQ(path_of("/a/%2e%2E/b"), "b");
  EXPECT_EQ(path_of("/a/.%2e/b"), "b");
  EXPECT_EQ(path_of("/a/%2e/b"), "a/b");
  EXPECT_EQ(path_of("/a/..%2fb"), "b");
  EXPECT_EQ(path_of("/static/..%2f..%2fetc/passwd"), "etc/passwd");
  EXPECT_EQ(path_of("/a%2fb"), "a/b");
}

TEST(Target, KeepsTheQueryAsSent) {
  const ParsedTarget target("/a?b=%zz/../c?d");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "a");
  EXPECT_TRUE(target->has_query);
  EXPECT_EQ(target->query, "b=%zz/../c?d");
  EXPECT_TRUE(ParsedTarget("/a?")->has_query);
  EXPECT_EQ(ParsedTarget("/a?")->query, "");
  EXPECT_FALSE(ParsedTarget("/a%3fb")->has_query);
  EXPECT_EQ(path_of("/a%3fb"), "a?b");
}

TEST(Target, MayBeInAbsoluteForm) {
  EXPECT_EQ(path_of("http://host/a/b"), "a/b");
  EXPECT_EQ(path_of("HTTPS://host:8888/a?b"), "a");
  EXPECT_EQ(path_of("http://host"), "");
  EXPECT_EQ(path_of("http://host?q"), "");
  EXPECT_TRUE(ParsedTarget("http://host?q")->has_query);
  EXPECT_TRUE(names_folder("http://host"));
  EXPECT_EQ(path_of("http://host/a/../../b"), "b");
  EXPECT_EQ(path_of("/http://host/a"), "http:/host/a");
}

TEST(Target, IsRefusedInAnyOtherForm) {
  for (const char* const raw : {"", "*", "a", "a/b", "?", "?a", "host:80", "ftp://host/a", "http:",
                                "http:/", "http://", "http:///a", "http://?a", "https", "\\a"}) {
    EXPECT_FALSE(ParsedTarget(raw)) << raw;
  }
}

TEST(Target, IsRefusedWithAMalformedEscape) {
  for (const char* const raw :
       {"/%", "/%2", "/%zz", "/%2z", "/%z2", "/a%", "/%%41", "/% 41", "/%-1", "/%u0041", "/a%2"}) {
    EXPECT_FALSE(ParsedTarget(raw)) << raw;
  }
}

TEST(Target, IsRefusedWithNulOrFragment) {
  EXPECT_FALSE(ParsedTarget("/a%00"));
  EXPECT_FALSE(ParsedTarget("/%00"));
  EXPECT_FALSE(ParsedTarget("/a.txt%00.html"));
  EXPECT_FALSE(ParsedTarget("/a#b"));
  EXPECT_FALSE(ParsedTarget("/a?b#c"));
  EXPECT_EQ(path_of("/a%23b"), "a#b");
  EXPECT_EQ(path_of("/%01"), "\x01");
  EXPECT_EQ(path_of("/%10"), "\x10");
}

TEST(EncodePath, LeavesPlainBytesAlone) {
  EXPECT_EQ(encode_path(""), "/");
  EXPECT_EQ(encode_path("static/a-b_c.d~e"), "/static/a-b_c.d~e");
  EXPECT_EQ(encode_path("static/a b"), "/static/a%20b");
  EXPECT_EQ(encode_path("a?b#c%d\"<>"), "/a%3Fb%23c%25d%22%3C%3E");
  EXPECT_EQ(encode_path("it's/a:b;c@d"), "/it%27s/a%3Ab%3Bc%40d") << "slashes part segments";
  EXPECT_EQ(encode_path("a//b/"), "/a//b/");
  EXPECT_EQ(encode_path("\xc3\xa4\r\n"), "/%C3%A4%0D%0A");
}

TEST(EncodePath, IsUndoneByParseTargetForEveryByte) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) {
    const std::string path = "x"s + static_cast<char>(byte) + "y";
    EXPECT_EQ(path_of(encode_path(path)), path) << byte;
    all += static_cast<char>(byte);
  }
  EXPECT_EQ(path_of(encode_path(all)), all);
}

TEST(EncodeSegment, EncodesASlashToo) {
  EXPECT_EQ(encode_segment(""), "");
  EXPECT_EQ(encode_segment("a-b_c.d~e"), "a-b_c.d~e");
  EXPECT_EQ(encode_segment("a/b!$&'()*+,;=:@"), "a%2Fb%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A%40");
}

// It ends up in a Location field: nothing in it may end the line.
TEST(EncodePath, WritesNothingButPrintableAscii) {
  for (int byte = 0; byte < 256; ++byte) {
    for (const char c : encode_path(std::string(1, static_cast<char>(byte)))) {
      EXPECT_GT(c, ' ') << byte;
      EXPECT_LT(c, '\x7f') << byte;
    }
  }
}

TEST(Target, IsNotCopiedWhereItMeansWhatItSays) {
  for (const std::string raw : {"/", "/static/", "/static/a.txt?q", "http://host/static/a.txt"}) {
    std::string made;
    const auto target = parse_target(raw, made);
    ASSERT_TRUE(target) << raw;
    EXPECT_EQ(made.capacity(), std::string().capacity()) << raw;
  }
}

}  // namespace
}  // namespace aws
