// Files that change twice under the same times, as they do where these are as coarse as the
// kernel's tick: no client may be told 304 for bytes that it does not have, then or later.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/entity_tag.h"
#include "http/http_date.h"
#include "serve/resources.h"
#include "temp_folder.h"
#include "test_completion.h"
#include "test_site.h"

namespace aws {
namespace {

constexpr std::int64_t kWritten_s = 1'700'000'000;
constexpr std::int64_t kWritten_ns = 500'000'000;
constexpr std::int64_t kTickNs = 4'000'000;

using Fields = std::vector<std::pair<Field, std::string>>;

class FreshFile : public testing::Test {
 protected:
  // Every file was written within the tick that began at kWritten, whatever it holds.
  class CoarseSys final : public Sys {
   public:
    int fstat(int file, struct stat& status) noexcept override {
      const int result = Sys::fstat(file, status);
      status.st_mtim = {kWritten_s, kWritten_ns};
      status.st_ctim = {kWritten_s, kWritten_ns};
      return result;
    }
  };

  FreshFile() {
    folder_.write("static/x.txt", "old");
    folder_.write("dynamic/x.txt", std::string(1000, 'o'));
  }

  Response ask(std::string_view target, const Fields& fields = {}) {
    Request request;
    request.method = Method::Get;
    request.target = target;
    for (const auto& [field, value] : fields)
      request.fields[static_cast<std::size_t>(field)] = value;
    const Moment now{.wall_s = now_.s, .wall_ns = now_.ns};
    Lookup lookup{.sys = sys_};
    return resources_.answer(request, {.sys = sys_, .disk = disk_, .lookup = lookup, .now = now},
                             completion_);
  }
  int status(std::string_view target, const Fields& fields) {
    return ask(target, fields).head.status;
  }

  TempFolder folder_;
  Resources resources_{site_at(folder_.path().string())};
  CoarseSys sys_;
  TestCompletion completion_;
  DiskIo disk_{
      sys_, sys_, {.aio_blocks = 2, .sentinels = 1, .helper_threads = 1, .helper_queue = 1}};
  FileTime now_ = {kWritten_s, kWritten_ns + kTickNs / 2};
};

// The plain file, and what is encoded on the way.
const std::vector<std::pair<std::string, Fields>> kForms = {
    {"/static/x.txt", {}},
    {"/dynamic/x.txt", {}},
    {"/dynamic/x.txt", {{Field::AcceptEncoding, "gzip"}}}};

TEST_F(FreshFile, MakesNoTagThatMatchesAnything) {
  for (const auto& [target, accepting] : kForms) {
    now_ = {kWritten_s, kWritten_ns + kTickNs / 2};
    const std::string had = ask(target, accepting).head.etag;
    ASSERT_TRUE(had.starts_with("W/\"")) << had;
    Fields fields = accepting;
    fields.emplace_back(Field::IfNoneMatch, had);
    for (const FileTime later : {now_, FileTime{now_.s, now_.ns + 1}, FileTime{now_.s + 1, 0},
                                 FileTime{now_.s + 1000, 5}}) {
      now_ = later;
      EXPECT_EQ(status(target, fields), 200) << had << " at " << later.s << '.' << later.ns;
      EXPECT_NE(ask(target, accepting).head.etag, had);
    }
  }
}

TEST_F(FreshFile, IsMatchedByAStarAlone) {
  const std::string had = ask("/static/x.txt").head.etag;
  EXPECT_EQ(status("/static/x.txt", {{Field::IfNoneMatch, "*"}}), 304);
  EXPECT_EQ(status("/static/x.txt", {{Field::IfMatch, "*"}}), 200);
  EXPECT_EQ(status("/static/x.txt", {{Field::IfMatch, had}}), 412);
  EXPECT_EQ(status("/static/x.txt", {{Field::IfMatch, had.substr(2)}}), 412);
  EXPECT_EQ(status("/static/x.txt", {{Field::Range, "bytes=0-0"}, {Field::IfRange, had}}), 200);
}

TEST_F(FreshFile, HasATagThatLastsOnceItsTickIsOver) {
  now_ = {kWritten_s + 1, 0};
  for (const auto& [target, accepting] : kForms) {
    const std::string tag = ask(target, accepting).head.etag;
    Fields fields = accepting;
    fields.emplace_back(Field::IfNoneMatch, tag);
    EXPECT_EQ(status(target, fields), 304) << tag;
  }
}

TEST_F(FreshFile, IsNewerThanTheDateThatWasToldWithinItsSecond) {
  const auto told = ask("/static/x.txt").head.last_modified;
  EXPECT_EQ(told, kWritten_s - 1);
  const std::string date = format_http_date(*told);
  for (const std::int64_t later_s : {0, 1, 1000}) {
    now_.s = kWritten_s + later_s;
    EXPECT_EQ(status("/static/x.txt", {{Field::IfModifiedSince, date}}), 200) << later_s;
    EXPECT_EQ(status("/static/x.txt", {{Field::IfUnmodifiedSince, date}}), 412) << later_s;
    EXPECT_EQ(status("/static/x.txt", {{Field::Range, "bytes=0-0"}, {Field::IfRange, date}}), 200);
  }
}

TEST_F(FreshFile, IsKnownByItsDateOnceItsSecondIsOver) {
  now_.s = kWritten_s + 2;
  const auto told = ask("/static/x.txt").head.last_modified;
  EXPECT_EQ(told, kWritten_s);
  const std::string date = format_http_date(*told);
  EXPECT_EQ(status("/static/x.txt", {{Field::IfModifiedSince, date}}), 304);
  EXPECT_EQ(status("/static/x.txt", {{Field::Range, "bytes=0-0"}, {Field::IfRange, date}}), 206);
}

}  // namespace
}  // namespace aws
