#include "serve/encoder.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstddef>

namespace aws {
namespace {

constexpr std::size_t kPiece = 16 * 1024;  // output bytes a call of the library

// Levels chosen for speed: the coding is made anew for every answer.
constexpr int kGzipLevel = 4;
constexpr int kZstdLevel = 3;
constexpr int kZstdWindowLog = 19;  // half a MiB of window: what one answer may cost us in memory

class GzipEncoder final : public Encoder {
 public:
  GzipEncoder() {
    constexpr int kGzipWindow = 15 + 16;  // 32 KiB, with gzip's wrapper (zlib.h, deflateInit2)
    constexpr int kMemoryLevel = 8;
    ready_ = ::deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                            Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~GzipEncoder() override {
    if (ready_) ::deflateEnd(&stream_);
  }
  [[nodiscard]] bool ready() const { return ready_; }

  bool encode(std::string_view data, bool last, std::string& out) override {
    std::array<Bytef, kPiece> piece;
    // zlib reads only; its type has lacked the const since before there was one.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream_.avail_in = static_cast<uInt>(data.size());
    do {
      stream_.next_out = piece.data();
      stream_.avail_out = static_cast<uInt>(piece.size());
      if (::deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR) return false;
      out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return true;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

class ZstdEncoder final : public Encoder {
 public:
  ZstdEncoder() : context_(::ZSTD_createCCtx()) {
    if (context_ == nullptr) return;
    ::ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kZstdLevel);
    ::ZSTD_CCtx_setParameter(context_, ZSTD_c_windowLog, kZstdWindowLog);
  }
  ~ZstdEncoder() override { ::ZSTD_freeCCtx(context_); }
  [[nodiscard]] bool ready() const { return context_ != nullptr; }

  bool encode(std::string_view data, bool last, std::string& out) override {
    std::array<char, kPiece> piece;
    ZSTD_inBuffer input{data.data(), data.size(), 0};
    for (;;) {
      ZSTD_outBuffer output{piece.data(), piece.size(), 0};
      const std::size_t left =
          ::ZSTD_compressStream2(context_, &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
      if (::ZSTD_isError(left) != 0) return false;
      out.append(piece.data(), output.pos);
      const bool finished = last ? left == 0 : input.pos == input.size;
      if (finished) return true;
    }
  }

 private:
  ZSTD_CCtx* context_;
};

template <typename Library>
std::unique_ptr<Encoder> if_ready() {
  auto encoder = std::make_unique<Library>();
  if (!encoder->ready()) return nullptr;
  return encoder;
}

}  // namespace

std::unique_ptr<Encoder> make_encoder(std::string_view coding) {
  if (coding == "gzip") return if_ready<GzipEncoder>();
  if (coding == "zstd") return if_ready<ZstdEncoder>();
  return nullptr;
}

}  // namespace aws
