#include "serve/encoder.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "temp_folder.h"

namespace aws {
namespace {

// Decodes exactly one gzip member; nullopt if `bytes` is not one, or something follows it.
std::optional<std::string> gunzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (::inflateInit2(&stream, kGzip) != Z_OK) return std::nullopt;
  std::string copy(bytes);
  std::string piece(1 << 16, '\0');
  std::string text;
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    result = ::inflate(&stream, Z_NO_FLUSH);
    text.append(piece, 0, piece.size() - stream.avail_out);
  }
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  ::inflateEnd(&stream);
  return whole ? std::optional(text) : std::nullopt;
}

// The same for one zstd frame. A browser need not take a window above 8 MiB (RFC 9659); half a MiB
// is what an answer may cost here.
std::optional<std::string> unzstd(std::string_view bytes) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&::ZSTD_freeDCtx)> context(::ZSTD_createDCtx(),
                                                                       ::ZSTD_freeDCtx);
  ::ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 19);
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  std::string piece(1 << 16, '\0');
  std::string text;
  std::size_t left = 1;
  while (left != 0) {
    ZSTD_outBuffer output{piece.data(), piece.size(), 0};
    const std::size_t before = input.pos;
    left = ::ZSTD_decompressStream(context.get(), &output, &input);
    if (::ZSTD_isError(left) != 0) return std::nullopt;
    text.append(piece, 0, output.pos);
    if (left != 0 && input.pos == before && output.pos == 0) return std::nullopt;  // cut off
  }
  return input.pos == bytes.size() ? std::optional(text) : std::nullopt;
}

class EncoderTest : public testing::TestWithParam<std::string> {
 protected:
  static std::optional<std::string> decode(std::string_view bytes) {
    return GetParam() == "gzip" ? gunzip(bytes) : unzstd(bytes);
  }

  // `content` in slices of `slice` bytes, the last of them with `last`, or an empty one behind it.
  static std::string encode(std::string_view content, std::size_t slice, bool empty_last) {
    const std::unique_ptr<Encoder> encoder = make_encoder(GetParam());
    std::string out;
    do {
      const std::string_view part = content.substr(0, slice);
      content.remove_prefix(part.size());
      EXPECT_TRUE(encoder->encode(part, content.empty() && !empty_last, out));
    } while (!content.empty());
    EXPECT_TRUE(!empty_last || encoder->encode("", true, out));
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(Codings, EncoderTest, testing::Values("gzip", "zstd"),
                         [](const auto& row) { return row.param; });

std::string prose(std::size_t size) {
  std::string text;
  for (int line = 0; text.size() < size; ++line)
    text += "Line " + std::to_string(line * 7919 % 1000) + " of what people write.\n";
  return text.substr(0, size);
}

TEST_P(EncoderTest, GivesBackWhatItTook) {
  const std::vector<std::string> contents = {"",
                                             "x",
                                             prose(255),
                                             pattern(256),
                                             prose(100'000),
                                             pattern(100'000),
                                             std::string(3'000'000, 'a'),
                                             prose(2'000'000) + pattern(1'000'000)};
  for (const std::string& content : contents) {
    for (const std::size_t slice : {1U, 7U, 4096U, 32U * 1024U, 10'000'000U}) {
      if (content.size() / slice > 20'000) continue;
      for (const bool empty_last : {false, true}) {
        SCOPED_TRACE(std::to_string(content.size()) + " bytes in slices of " +
                     std::to_string(slice));
        EXPECT_TRUE(decode(encode(content, slice, empty_last)) == content);
      }
    }
  }
}

// One call's output may end exactly where a piece of the encoder's own does.
TEST_P(EncoderTest, GivesBackEverySizeAroundItsPieces) {
  const std::string content = pattern(16 * 1024 + 200);
  for (std::size_t size = 16 * 1024 - 200; size < content.size(); ++size) {
    const std::string_view part = std::string_view(content).substr(0, size);
    ASSERT_TRUE(decode(encode(part, size, false)) == part) << size;
  }
}

TEST_P(EncoderTest, TakesNothingInMidStream) {
  const std::unique_ptr<Encoder> encoder = make_encoder(GetParam());
  std::string out;
  for (const std::string_view part : {"", "one ", "", "", "two", ""})
    EXPECT_TRUE(encoder->encode(part, false, out));
  EXPECT_TRUE(encoder->encode("", true, out));
  EXPECT_EQ(decode(out), "one two");
}

TEST_P(EncoderTest, OnlyAppends) {
  const std::unique_ptr<Encoder> encoder = make_encoder(GetParam());
  std::string out = "before";
  ASSERT_TRUE(encoder->encode("text", true, out));
  ASSERT_TRUE(out.starts_with("before"));
  EXPECT_EQ(decode(std::string_view(out).substr(6)), "text");
}

TEST_P(EncoderTest, IsNotDoneBeforeItIsToldSo) {
  const std::unique_ptr<Encoder> encoder = make_encoder(GetParam());
  std::string out;
  ASSERT_TRUE(encoder->encode(prose(1'000'000), false, out));
  EXPECT_EQ(decode(out), std::nullopt);
}

TEST_P(EncoderTest, MakesTextSmallerAndNothingMuchLarger) {
  EXPECT_LT(encode(prose(100'000), 32 * 1024, false).size(), 30'000U);
  EXPECT_LT(encode(pattern(100'000), 32 * 1024, false).size(), 100'200U);
}

TEST_P(EncoderTest, IsOneOfMany) {
  std::vector<std::unique_ptr<Encoder>> encoders;
  std::vector<std::string> outs(20);
  for (std::size_t i = 0; i < outs.size(); ++i)
    encoders.push_back(make_encoder(GetParam()));
  for (const bool last : {false, true}) {
    for (std::size_t i = 0; i < outs.size(); ++i)
      EXPECT_TRUE(encoders[i]->encode(prose(1000 + i), last, outs[i]));
  }
  for (std::size_t i = 0; i < outs.size(); ++i)
    EXPECT_EQ(decode(outs[i]), prose(1000 + i) + prose(1000 + i));
}

TEST(MakeEncoder, KnowsTwoCodings) {
  for (const char* const coding : {"", "identity", "br", "deflate", "GZIP", "gzip ", "x-gzip"})
    EXPECT_EQ(make_encoder(coding), nullptr) << coding;
}

}  // namespace
}  // namespace aws
