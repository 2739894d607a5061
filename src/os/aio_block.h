// AioBlock: a slot of an AioContext's ring, its block of memory, and what the kernel or a thread of
// the pool knows of the read that fills it.
//
// It outlives its reader if the kernel or the thread still uses it. The loop's thread alone calls
// everything here except run().
#pragma once

#include <libaio.h>
#include <sys/types.h>

#include <cstddef>
#include <string>

#include "os/aio_read.h"
#include "os/thread_pool.h"

namespace aws {

class AioContext;

class AioBlock final : public Task {
 public:
  // `into` has AioContext::kBlockSize bytes; of a sentinel kSentinelSize, shared by all.
  AioBlock(AioContext& owner, AioRead::Use what, char* into)
      : context(owner), use(what), memory(into) {}

  // Makes `control` ask the kernel for what `read` wants.
  void prepare(const AioRead& read);

  // Copies for run() what `read` wants.
  void prepare_for_helper(const AioRead& read);

  AioContext& context;
  const AioRead::Use use;
  char* const memory;
  iocb control{};
  AioRead* reader = nullptr;  // nullptr: free, or orphaned while queued or in flight

 private:
  void run(Sys& sys) noexcept override;
  [[nodiscard]] std::string path() const override;
  void refuse() noexcept override;
  [[nodiscard]] ssize_t touch(Sys& sys) const noexcept;
  void finished(CompletionList& ready) override;

  // What run() reads, and its result.
  int file_ = -1;
  off_t offset_ = 0;
  std::size_t length_ = 0;
  ssize_t result_ = 0;
};

}  // namespace aws
