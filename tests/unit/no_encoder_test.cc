// What a client gets that takes an encoded answer when the library has no memory for an encoder:
// the file as it is, and no word of a coding.
//
// The libraries' own functions are replaced in this program, and passed on unless the test says so.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>

#include "disk.h"
#include "serve/resources.h"
#include "temp_folder.h"
#include "test_site.h"

namespace {
bool lacks_memory = false;

template <typename Function>
Function original(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}
}  // namespace

extern "C" int deflateInit2_(z_streamp stream, int level, int method, int window_bits,
                             int memory_level, int strategy, const char* version, int size) {
  if (lacks_memory) return Z_MEM_ERROR;
  return original<decltype(&deflateInit2_)>("deflateInit2_")(stream, level, method, window_bits,
                                                             memory_level, strategy, version, size);
}

extern "C" ZSTD_CCtx* ZSTD_createCCtx() {
  return lacks_memory ? nullptr : original<decltype(&ZSTD_createCCtx)>("ZSTD_createCCtx")();
}

namespace aws {
namespace {

class NoEncoder : public testing::TestWithParam<std::string> {
 protected:
  NoEncoder() { lacks_memory = true; }
  ~NoEncoder() override { lacks_memory = false; }

  Response answer() {
    Request request;
    request.method = Method::Get;
    request.target = "/dynamic/page.html";
    request.fields[static_cast<std::size_t>(Field::AcceptEncoding)] = GetParam();
    return resources_.answer(request, disk_.tools(), completion_);
  }

  TempFolder folder_;
  std::string file_ = folder_.write("dynamic/page.html", std::string(1000, 'x'));
  TestCompletion completion_;
  Disk disk_{2};
  Resources resources_{site_at(folder_.path().string())};
};

INSTANTIATE_TEST_SUITE_P(Codings, NoEncoder, testing::Values("gzip", "zstd"),
                         [](const auto& row) { return row.param; });

TEST_P(NoEncoder, MeansTheFileAsItIs) {
  const Response response = answer();
  EXPECT_EQ(response.head.status, 200);
  EXPECT_EQ(response.head.content_length, 1000U);
  EXPECT_FALSE(response.head.chunked);
  EXPECT_EQ(response.head.content_encoding, "") << "what is not encoded must not say it is";
  EXPECT_EQ(response.head.etag.find(GetParam()), std::string::npos) << response.head.etag;
  EXPECT_TRUE(response.head.vary_encoding);
  EXPECT_EQ(response.engine, "dynamic");
}

TEST_P(NoEncoder, IsNothingThatLasts) {
  (void)answer();
  lacks_memory = false;
  const Response response = answer();
  EXPECT_EQ(response.head.content_encoding, GetParam());
  EXPECT_TRUE(response.head.chunked);
}

}  // namespace
}  // namespace aws
