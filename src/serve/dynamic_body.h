// DynamicBody: a file's bytes by kernel AIO, as they are: read by BlockReader, sent from memory.
#pragma once

#include "os/disk_io.h"
#include "os/pooled.h"
#include "os/shared_fd.h"
#include "serve/block_reader.h"
#include "serve/file_body.h"

namespace aws {

class DynamicBody final : public FileBody, public Pooled<DynamicBody> {
 public:
  // Sends `file`; aim() tells what to send. Whenever pump() returns AwaitDisk, `completion`
  // will be notified. `sys` and `disk` must outlive it.
  DynamicBody(Sys& sys, DiskIo& disk, SharedFd file, Completion& completion)
      : sys_(sys), reader_(disk, std::move(file), completion) {}

  void aim(off_t offset, std::uint64_t length, bool more) override;
  [[nodiscard]] Pump pump(int socket) override;

 private:
  static constexpr std::uint64_t kBytesPerPump = 2 * AioContext::kBlockSize;  // a turn's share

  Sys& sys_;
  BlockReader reader_;
  bool more_ = false;
};

}  // namespace aws
