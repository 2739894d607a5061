#include "serve/resources.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "disk.h"
#include "test_site.h"

namespace aws {
namespace {

class ResourcesTest : public testing::Test {
 protected:
  Response answer(const std::string& target, Method method = Method::Get, int refusal = 200) {
    Request request;
    request.method = method;
    request.target = target;
    request.refusal = refusal;
    return resources_.answer(request, disk_.tools(now_), completion_);
  }
  int status(const std::string& target) { return answer(target).head.status; }

  TestCompletion completion_;
  Disk disk_{2};
  FaultySys& sys_ = disk_.sys;
  Moment now_ = Sys().now();  // the site's files are not from the future
  const TestSite& site_ = TestSite::shared();
  const Resources& resources_ = TestSite::resources();
};

TEST_F(ResourcesTest, ServeEachFolderByAnEngineOfItsOwn) {
  const Response by_static = answer("/static/a.txt");
  EXPECT_EQ(by_static.head.status, 200);
  EXPECT_EQ(by_static.engine, "static");
  EXPECT_EQ(by_static.head.content_length, 8U);
  EXPECT_EQ(by_static.head.content_type, "text/plain; charset=utf-8");
  EXPECT_TRUE(by_static.head.last_modified);
  EXPECT_NE(by_static.body, nullptr);
  const Response by_dynamic = answer("/dynamic/three.bin");
  EXPECT_EQ(by_dynamic.engine, "dynamic");
  EXPECT_EQ(by_dynamic.head.content_length, site_.three_blocks.size());
  EXPECT_EQ(by_dynamic.head.content_type, "application/octet-stream");
  EXPECT_EQ(answer("/dynamic/linked.txt").head.content_length, 8U) << "a link into /static";
}

TEST_F(ResourcesTest, GiveAnEmptyFileALengthAndNoBody) {
  for (const char* const target : {"/static/empty.txt", "/dynamic/empty.txt"}) {
    const Response response = answer(target);
    EXPECT_EQ(response.head.status, 200);
    EXPECT_EQ(response.head.content_length, 0U);
    EXPECT_EQ(response.body, nullptr);
  }
}

TEST_F(ResourcesTest, AreNotFoundOutsideTheirFolders) {
  for (const char* const target :
       {"/secret.txt", "/index.html", "/other/a", "/staticx/a.txt", "/Static/a.txt", "/stati",
        "/static/missing", "/static/a.txt/", "/static/a.txt/b", "/static/outside.txt",
        "/static/../secret.txt", "/static/..%2fsecret.txt", "/static/missing/"}) {
    EXPECT_EQ(status(target), 404) << target;
  }
  EXPECT_EQ(status("/other/../static/a.txt"), 200);
  EXPECT_EQ(status("/static/a%20b%C3%A4.txt"), 200);
  EXPECT_EQ(status("/static/a%20b\xc3\xa4.txt"), 200) << "as curl sends it";
}

TEST_F(ResourcesTest, AreMalformedWhereTheTargetIs) {
  for (const char* const target : {"*", "/static/%", "/static/a.txt%00", "/static/a.txt#x"}) {
    EXPECT_EQ(status(target), 400) << target;
  }
}

TEST_F(ResourcesTest, ShowTheFrontPageIfThereIsOne) {
  const Response front = answer("/");
  EXPECT_EQ(front.head.status, 200);
  EXPECT_EQ(front.head.content_length, 10U);
  EXPECT_EQ(front.head.content_type, "text/html; charset=utf-8");
  const TempFolder bare;
  const Resources other(site_at(bare.path().string()));
  Request request;
  request.method = Method::Get;
  request.target = "/";
  EXPECT_EQ(other.answer(request, disk_.tools(now_), completion_).head.status, 404);
}

TEST_F(ResourcesTest, ShowAFoldersIndex) {
  EXPECT_EQ(answer("/static/folder/").head.content_length, 5U);
  EXPECT_EQ(answer("/static/folder/?q").head.status, 200);
  EXPECT_EQ(status("/static/folder/."), 200);
  EXPECT_EQ(status("/static/bare/"), 403);
  EXPECT_EQ(status("/static/"), 403);
  EXPECT_EQ(status("/static/looped/"), 404) << "its index leads nowhere";
}

TEST_F(ResourcesTest, RedirectToAFoldersSlashForm) {
  EXPECT_EQ(status("/static/folder"), 301);
  EXPECT_EQ(answer("/static/folder").head.location, "/static/folder/");
  EXPECT_EQ(answer("/static/folder?a=b%20c").head.location, "/static/folder/?a=b%20c");
  EXPECT_EQ(answer("/static/folder?").head.location, "/static/folder/?");
  EXPECT_EQ(answer("/static").head.location, "/static/");
  EXPECT_EQ(answer("//static//folder").head.location, "/static/folder/") << "never //host";
  EXPECT_EQ(answer("http://host/static/folder").head.location, "/static/folder/");
  EXPECT_EQ(answer("/static/bare").head.status, 301);
}

TEST_F(ResourcesTest, AllowReadingOnly) {
  const Response options = answer("*", Method::Options);
  EXPECT_EQ(options.head.status, 204);
  EXPECT_TRUE(options.head.allow);
  EXPECT_EQ(options.body, nullptr);
  const Response other = answer("/static/a.txt", Method::Other);
  EXPECT_EQ(other.head.status, 405);
  EXPECT_TRUE(other.head.allow);
  EXPECT_FALSE(answer("/static/a.txt").head.allow);
}

TEST_F(ResourcesTest, AnswerARefusalAsItIs) {
  for (const int refusal : {400, 408, 414, 417, 431, 501, 505}) {
    EXPECT_EQ(answer("/static/a.txt", Method::Get, refusal).head.status, refusal);
  }
}

TEST_F(ResourcesTest, TranslateTheKernelsErrors) {
  const struct {
    int error;
    int status;
  } rows[] = {{ENOENT, 404},       {ENOTDIR, 404}, {EXDEV, 404},  {ELOOP, 404},
              {ENAMETOOLONG, 404}, {ENXIO, 404},   {EACCES, 403}, {EMFILE, 503},
              {ENFILE, 503},       {ENOMEM, 503},  {EIO, 500}};
  for (const auto& row : rows) {
    for (const char* const target : {"/static/a.txt", "/dynamic/a.txt", "/"}) {
      sys_.fail_call(1, row.error, FaultySys::Call::OpenBeneath);
      EXPECT_EQ(status(target), row.status) << row.error << ' ' << target;
    }
    if (row.error == ENOENT) continue;  // no index is no error
    for (const int n : {1, 2}) {        // the index, then the folder itself
      sys_.fail_call(n, row.error, FaultySys::Call::OpenBeneath);
      EXPECT_EQ(status("/static/bare/"), row.status) << row.error << ", call " << n;
    }
  }
}

TEST_F(ResourcesTest, KeepNoDescriptorOfWhatIsNotServed) {
  const std::ptrdiff_t before = open_descriptors();
  for (const char* const target : {"/static/folder", "/static/bare/", "/static/empty.txt",
                                   "/static/missing", "/", "/dynamic/a.txt"}) {
    status(target);
    EXPECT_EQ(open_descriptors(), before) << target;
  }
}

}  // namespace
}  // namespace aws
