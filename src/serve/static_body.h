// StaticBody: a file's bytes by sendfile(2): from the page cache to the socket, never through us.
#pragma once

#include <sys/types.h>

#include "os/unique_fd.h"
#include "serve/body.h"

namespace aws {

class StaticBody final : public Body {
 public:
  // Sends `length` > 0 bytes of `file` from `offset` on. `sys` must outlive it.
  StaticBody(Sys& sys, UniqueFd file, off_t offset, std::uint64_t length)
      : sys_(sys), file_(std::move(file)), offset_(offset), left_(length) {}

  [[nodiscard]] Pump pump(int socket) override;

 private:
  // A turn's share of one connection: large enough that the calls cost little beside the copying,
  // small enough that others wait a fraction of a millisecond.
  static constexpr std::uint64_t kBytesPerPump = 512 * 1024;

  Sys& sys_;
  UniqueFd file_;
  off_t offset_;
  std::uint64_t left_;
};

}  // namespace aws
