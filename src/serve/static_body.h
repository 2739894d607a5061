// StaticBody: a file's bytes by sendfile(2): from the page cache to the socket, never through us.
#pragma once

#include <utility>

#include "os/unique_fd.h"
#include "serve/file_body.h"

namespace aws {

class StaticBody final : public FileBody {
 public:
  // Owns `file`; aim() tells what to send. `sys` must outlive it.
  StaticBody(Sys& sys, UniqueFd file) : sys_(sys), file_(std::move(file)) {}

  void aim(off_t offset, std::uint64_t length, bool more) override;
  [[nodiscard]] Pump pump(int socket) override;

 private:
  // A turn's share of one connection: large enough that the calls cost little beside the copying,
  // small enough that others wait a fraction of a millisecond.
  static constexpr std::uint64_t kBytesPerPump = 512 * 1024;

  Sys& sys_;
  UniqueFd file_;
  off_t offset_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace aws
