// EncodedBody: a /dynamic file, post-processed: read by BlockReader, encoded on the way, sent in
// chunks, since nobody knows its length before its end.
//
// Encoding costs far more than sending, so a turn's share is small: one slice.
#pragma once

#include <memory>
#include <string>

#include "os/disk_io.h"
#include "os/shared_fd.h"
#include "serve/block_reader.h"
#include "serve/encoder.h"

namespace aws {

class EncodedBody final : public Body {
 public:
  // Sends all `length` > 0 bytes of `file`, encoded by `encoder`. Whenever pump() returns
  // AwaitDisk, `completion` will be notified. `sys` and `disk` must outlive it.
  EncodedBody(Sys& sys, DiskIo& disk, SharedFd file, std::uint64_t length,
              std::unique_ptr<Encoder> encoder, Completion& completion);

  [[nodiscard]] Pump pump(int socket) override;

 private:
  static constexpr std::size_t kSlice = 32 * 1024;  // of the file, a turn: below a millisecond

  [[nodiscard]] bool encode_slice();

  Sys& sys_;
  BlockReader reader_;
  std::unique_ptr<Encoder> encoder_;
  std::uint64_t left_;    // bytes of the file not encoded yet
  std::string outgoing_;  // chunks to be sent
  std::size_t outgoing_sent_ = 0;
};

}  // namespace aws
