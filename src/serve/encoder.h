// Encoder: a content coding made on the spot (gzip by zlib, zstd by libzstd), as a stream.
//
// Knows bytes alone. One encoder serves one answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace aws {

class Encoder {
 public:
  Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  virtual ~Encoder() = default;

  // Encodes all of `data` and appends to `out` whatever comes out of it, possibly nothing. `last`:
  // nothing follows, so the stream is finished too; afterwards it must not be called again. False
  // if the library fails (no memory): the answer cannot be completed.
  [[nodiscard]] virtual bool encode(std::string_view data, bool last, std::string& out) = 0;
};

// An encoder for `coding`, "gzip" or "zstd" (RFC 1952, RFC 8878); nullptr for any other, or if the
// library has no memory for it.
[[nodiscard]] std::unique_ptr<Encoder> make_encoder(std::string_view coding);

}  // namespace aws
