#include "http/media_type.h"

#include <gtest/gtest.h>

#include "temp_folder.h"

namespace aws {
namespace {

constexpr std::string_view kUnknown = "application/octet-stream";

TEST(MediaTypes, KnowWhatWebPagesAreMadeOf) {
  const MediaTypes types;
  EXPECT_EQ(types.of("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(types.of("a.css"), "text/css; charset=utf-8");
  EXPECT_EQ(types.of("a.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(types.of("a.mjs"), "text/javascript; charset=utf-8");
  EXPECT_EQ(types.of("a.wasm"), "application/wasm");
  EXPECT_EQ(types.of("a.json"), "application/json");
  EXPECT_EQ(types.of("a.svg"), "image/svg+xml");
  EXPECT_EQ(types.of("a.png"), "image/png");
  EXPECT_EQ(types.of("a.jpg"), types.of("a.jpeg"));
}

TEST(MediaTypes, GoByTheLastExtensionInAnyCase) {
  const MediaTypes types;
  EXPECT_EQ(types.of("A.TXT"), "text/plain; charset=utf-8");
  EXPECT_EQ(types.of("a.tar.gz"), "application/gzip");
  EXPECT_EQ(types.of("a.html.unheard"), kUnknown);
  EXPECT_EQ(types.of("static/v1.2/a.Html"), "text/html; charset=utf-8");
}

TEST(MediaTypes, CallUnknownWhatHasNoKnownExtension) {
  const MediaTypes types;
  EXPECT_EQ(types.of(""), kUnknown);
  EXPECT_EQ(types.of("README"), kUnknown);
  EXPECT_EQ(types.of("html"), kUnknown);
  EXPECT_EQ(types.of("a."), kUnknown);
  EXPECT_EQ(types.of(".gitignore"), kUnknown);
  EXPECT_EQ(types.of("a.html/b"), kUnknown);
  EXPECT_EQ(types.of("a.b/"), kUnknown);
  EXPECT_EQ(types.of("a.unheard-of"), kUnknown);
}

TEST(MediaTypes, LearnFromAFileWhatTheTableLacks) {
  const TempFolder folder;
  const std::string file = folder.write("mime.types",
                                        "# a comment\n"
                                        "\n"
                                        "text/x-diff\tdiff  PATCH # and another\n"
                                        "application/x-nothing\n"
                                        "#application/x-hidden hidden\n"
                                        "application/x-test one\r\n"
                                        "video/x-last last");
  MediaTypes types;
  EXPECT_TRUE(types.add_file(file));
  EXPECT_EQ(types.of("a.diff"), "text/x-diff; charset=utf-8");
  EXPECT_EQ(types.of("a.patch"), "text/x-diff; charset=utf-8");
  EXPECT_EQ(types.of("a.one"), "application/x-test");
  EXPECT_EQ(types.of("a.last"), "video/x-last");
  EXPECT_EQ(types.of("a.hidden"), kUnknown);
  EXPECT_EQ(types.of("a.another"), kUnknown);
  EXPECT_EQ(types.of("a.#"), kUnknown);
}

TEST(MediaTypes, SkipAByteOrderMarkAtTheStartOnly) {
  const TempFolder folder;
  MediaTypes types;
  EXPECT_TRUE(types.add_file(
      folder.write("mime.types", "\xEF\xBB\xBFtext/x-a aa\n\xEF\xBB\xBFtext/x-b bb\n")));
  EXPECT_EQ(types.of("a.aa"), "text/x-a; charset=utf-8");
  EXPECT_EQ(types.of("a.bb"), "\xEF\xBB\xBFtext/x-b");
  EXPECT_TRUE(types.add_file(folder.write("mark", "\xEF\xBB\xBF")));
  EXPECT_TRUE(types.add_file(folder.write("none", "")));
}

TEST(MediaTypes, TrustTheTableMoreThanAFile) {
  const TempFolder folder;
  const std::string file =
      folder.write("mime.types", "application/javascript js\ntext/plain JS wasm\n");
  MediaTypes types;
  EXPECT_TRUE(types.add_file(file));
  EXPECT_EQ(types.of("a.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(types.of("a.wasm"), "application/wasm");
}

TEST(MediaTypes, DoWithoutAFile) {
  MediaTypes types;
  EXPECT_TRUE(types.add_file("/nonexistent/mime.types"));
  EXPECT_EQ(types.of("a.html"), "text/html; charset=utf-8");
}

TEST(MediaTypes, SaysIfAFileCannotBeRead) {
  const TempFolder folder;  // read(2) of a directory: EISDIR
  MediaTypes types;
  EXPECT_FALSE(types.add_file(folder.path()));
  EXPECT_EQ(types.of("x.html"), "text/html; charset=utf-8");
}

}  // namespace
}  // namespace aws
