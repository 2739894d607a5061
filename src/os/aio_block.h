// AioBlock: a place in the ring of an AioContext, its block of memory, and the kernel's or the
// helper's view of the read that fills it.
//
// It outlives its reader where the kernel or a helper is not done with it yet. The loop's thread
// alone uses it, but for run().
#pragma once

#include <libaio.h>
#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "os/aio_read.h"
#include "os/helper_threads.h"

namespace aws {

class AioContext;

class AioBlock final : public Errand {
 public:
  // `into` has AioContext::kBlockSize bytes; of a sentinel kSentinelSize, shared by all.
  AioBlock(AioContext& owner, AioRead::Use what, char* into)
      : context(owner), use(what), memory(into) {}

  // Makes `control` ask the kernel for what `read` wants.
  void prepare(const AioRead& read);

  // The same for run().
  void prepare_for_helper(const AioRead& read);

  AioContext& context;
  const AioRead::Use use;
  char* const memory;
  iocb control{};
  AioRead* reader = nullptr;  // nullptr: free, or orphaned while queued or in flight

 private:
  void run(Sys& sys) noexcept override;
  [[nodiscard]] ssize_t touch(Sys& sys) const noexcept;
  void returned(std::vector<void*>& ready) override;

  // What a helper reads, and what came of it.
  int file_ = -1;
  off_t offset_ = 0;
  std::size_t length_ = 0;
  ssize_t result_ = 0;
};

}  // namespace aws
