// AioContext: kernel AIO (io_submit(2)): a loop's ring, its bounded number of blocks of memory, and
// the eventfd that announces completions. AioRead is one read.
//
// It does not know what is read, or why. One thread owns a context and all its reads.
#pragma once

#include <libaio.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "os/aio_read.h"
#include "os/completion.h"
#include "os/intrusive_list.h"
#include "os/sys.h"
#include "os/thread_pool.h"
#include "os/unique_fd.h"

namespace aws {

class AioContext {
 public:
  static constexpr std::size_t kBlockSize = 256 * 1024;
  static constexpr std::size_t kSentinelSize = 4096;  // what O_DIRECT asks for

  // `blocks` bounds both the memory (blocks × kBlockSize, taken when first used) and the reads
  // in flight, and `sentinels` the sentinels in flight. `sys` and `threads` must outlive it. Throws
  // std::system_error; EAGAIN means that fs.aio-max-nr is exhausted. If a sandbox refuses kernel
  // AIO, the threads do all reads.
  AioContext(Sys& sys, ThreadPool& threads, std::size_t blocks, std::size_t sentinels);
  ~AioContext();
  AioContext(const AioContext&) = delete;
  AioContext& operator=(const AioContext&) = delete;

  // Readable when completions wait to be reaped.
  [[nodiscard]] int event_fd() const { return event_fd_.get(); }

  // Hands all queued reads to the kernel in one call: once in each iteration of the loop. Appends
  // to `ready` the completions of reads that the kernel refused, or completed at once because the
  // data was in memory. Reads for which the ring has no room stay queued.
  void submit(CompletionList& ready);

  // Returns false if a sandbox refuses kernel AIO.
  [[nodiscard]] bool has_ring() const { return has_ring_; }

  // Whether reads wait for submit().
  [[nodiscard]] bool has_queued() const { return !queue_.empty(); }

  // Appends to `ready` the completions of all reads that are done now. Never waits.
  void reap(CompletionList& ready);

  // Waits until no read is in flight or on a thread (or the kernel refuses to say): for the end of
  // a loop, when all readers are destroyed.
  void drain();

  // Whether the kernel had no room for a read, or io_getevents(2) failed: the loop must not sleep
  // long, but call submit() again soon.
  [[nodiscard]] bool has_unfinished() const { return ring_was_full_ || reap_failed_; }

  [[nodiscard]] std::size_t reads_in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t blocks_in_use() const;

  struct Counters {
    std::uint64_t reads = 0;      // into blocks, without sentinels
    std::uint64_t at_once = 0;    // completed when io_submit(2) returned
    std::uint64_t waited = 0;     // had to wait for a block, or for a sentinel's slot
    std::uint64_t on_helper = 0;  // done by a thread of the pool
    std::uint64_t ring_full = 0;  // io_submit(2) had no room: submitted again later
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  friend class AioRead;
  friend class AioBlock;

  // Blocks of one use, and the reads that want them.
  struct Lane {
    std::vector<std::unique_ptr<AioBlock>> blocks;
    std::vector<AioBlock*> free;
    IntrusiveList<AioRead> waiting;  // reads without a block, first in, first out
    IntrusiveList<AioRead> idle;     // done reads whose block may be taken, longest idle first
  };

  [[nodiscard]] Lane& lane_of(AioRead::Use use) { return lanes_[static_cast<std::size_t>(use)]; }
  void add_blocks(AioRead::Use use, std::size_t count);
  void begin(AioRead& read);
  void give_back(AioBlock& block);
  void assign_blocks(Lane& lane);
  void drop_orphans();
  void queue(AioRead& read, AioBlock& block);
  std::size_t submit_batch(std::size_t begin, CompletionList& ready);
  void complete(AioBlock& block, ssize_t result, CompletionList& ready);
  void reap_completed_at_once(CompletionList& ready);
  std::size_t reap_all(CompletionList& ready);
  std::size_t reap_at_least(long at_least, CompletionList& ready);

  Sys& sys_;
  UniqueFd event_fd_;
  io_context_t ring_ = nullptr;
  bool has_ring_ = true;
  struct FreeDelete {
    void operator()(char* memory) const { std::free(memory); }
  };
  ThreadPool& threads_;
  std::unique_ptr<char, FreeDelete> memory_;  // of all blocks, and a page that sentinels share
  std::array<Lane, 2> lanes_;                 // by AioRead::Use
  std::vector<AioBlock*> queue_;              // assigned, not yet submitted
  std::size_t in_flight_ = 0;
  bool ring_was_full_ = false;
  bool reap_failed_ = false;  // completions may be in the ring though the eventfd is not readable
  Counters counters_;
};

}  // namespace aws
