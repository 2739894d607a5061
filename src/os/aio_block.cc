#include "os/aio_block.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "os/aio.h"
#include "os/mount_points.h"

namespace aws {
namespace {

constexpr std::size_t kTouchSize = 32 * 1024;  // on the thread's stack

}  // namespace

void AioBlock::prepare(const AioRead& read) {
  io_prep_pread(&control, read.file_, memory, read.length_, read.offset_);
  if (read.mode_ == ReadMode::NoWait) control.aio_rw_flags = RWF_NOWAIT;
  control.data = this;
}

void AioBlock::prepare_for_helper(const AioRead& read) {
  file_ = read.file_;
  offset_ = read.offset_;
  length_ = read.length_;
}

void AioBlock::run(Sys& sys) noexcept {
  result_ = use == AioRead::Use::Bytes ? sys.pread(file_, {memory, length_}, offset_) : touch(sys);
}

std::string AioBlock::path() const {
  return path_of(file_);
}

void AioBlock::refuse() noexcept {
  result_ = -EIO;
}

// Reads everything into the page cache and drops it. Returns the bytes read, or -errno.
ssize_t AioBlock::touch(Sys& sys) const noexcept {
  std::array<char, kTouchSize> dropped;  // NOLINT: written by the kernel, never read
  std::size_t done = 0;
  while (done < length_) {
    const std::size_t size = std::min(length_ - done, dropped.size());
    const ssize_t got =
        sys.pread(file_, {dropped.data(), size}, offset_ + static_cast<off_t>(done));
    if (got <= 0) return got < 0 ? got : static_cast<ssize_t>(done);
    done += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

void AioBlock::finished(CompletionList& ready) {
  context.complete(*this, result_, ready);
}

}  // namespace aws
