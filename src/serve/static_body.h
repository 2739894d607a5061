// StaticBody: a file's bytes by sendfile(2): from the page cache to the socket, never through us,
// and never before they are in the page cache.
#pragma once

#include <utility>

#include "os/disk_io.h"
#include "os/pooled.h"
#include "os/residency.h"
#include "os/shared_fd.h"
#include "serve/file_body.h"

namespace aws {

class StaticBody final : public FileBody, public Pooled<StaticBody> {
 public:
  // Sends `file`; aim() tells what to send. Whenever pump() returns AwaitDisk, `completion`
  // will be notified. `sys` and `disk` must outlive it.
  StaticBody(Sys& sys, DiskIo& disk, SharedFd file, Completion& completion)
      : sys_(sys), file_(std::move(file)), residency_(disk, file_.get(), completion) {}

  void aim(off_t offset, std::uint64_t length, bool more) override;
  [[nodiscard]] Pump pump(int socket) override;

 private:
  // A turn's share of one connection: large enough that the calls cost little beside the copying,
  // small enough that others wait a fraction of a millisecond. What has just come from the disk is
  // in no processor's cache, and takes longer.
  static constexpr std::uint64_t kBytesPerPump = 1024 * 1024;
  static constexpr std::uint64_t kColdBytesPerPump = 512 * 1024;

  Sys& sys_;
  SharedFd file_;
  Residency residency_;
  off_t offset_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace aws
