// StaticBody: a file's bytes by sendfile(2): from the page cache to the socket, never through us,
// and never before they are in the page cache.
#pragma once

#include <utility>

#include "os/page_cache.h"
#include "os/pooled.h"
#include "os/residency.h"
#include "os/shared_fd.h"
#include "serve/file_body.h"

namespace aws {

class StaticBody final : public FileBody, public Pooled<StaticBody> {
 public:
  // Sends `file`; aim() tells what to send. Whenever pump() returns AwaitDisk, `waiter` will be
  // reported. `sys` and `cache` must outlive it.
  StaticBody(Sys& sys, PageCache& cache, SharedFd file, void* waiter)
      : sys_(sys), file_(std::move(file)), residency_(cache, file_.get(), waiter) {}

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
