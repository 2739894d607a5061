// AioContext: kernel AIO (io_submit(2)): a loop's ring, its bounded number of blocks of memory, and
// the eventfd that announces completions. AioRead is one read.
//
// It does not know who reads what for whom. One thread owns a context and all its reads.
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
#include "os/helper_threads.h"
#include "os/intrusive_list.h"
#include "os/sys.h"
#include "os/unique_fd.h"

namespace aws {

class AioContext {
 public:
  static constexpr std::size_t kBlockSize = 256 * 1024;
  static constexpr std::size_t kSentinelSize = 4096;  // what O_DIRECT asks for

  // `blocks` bounds both the memory (blocks × kBlockSize, taken when first used) and the reads
  // in flight, and `sentinels` the sentinels in flight. `helpers` must outlive it. Throws
  // std::system_error; EAGAIN means that fs.aio-max-nr is used up.
  AioContext(Sys& sys, HelperThreads& helpers, std::size_t blocks, std::size_t sentinels);
  ~AioContext();
  AioContext(const AioContext&) = delete;
  AioContext& operator=(const AioContext&) = delete;

  // Readable when completions wait to be reaped.
  [[nodiscard]] int event_fd() const { return event_fd_.get(); }

  // Hands all queued reads to the kernel in one call: once a loop turn. The waiters of reads that
  // the kernel refused, or did at once since it had the data, are appended to `ready`. Reads that
  // found the ring full stay queued.
  void submit(std::vector<void*>& ready);

  // Whether reads wait for submit().
  [[nodiscard]] bool has_queued() const { return !queue_.empty(); }

  // Appends to `ready` the waiters of all reads that are done now. Never waits.
  void reap(std::vector<void*>& ready);

  // Waits until nothing is in flight or with a helper any more (or the kernel refuses to say): for
  // the end of a loop, when all readers are gone.
  void drain();

  // Whether the kernel had no room for a read, or no answer to a reap: the loop must not fall
  // asleep, but call submit() again soon.
  [[nodiscard]] bool has_unfinished() const { return ring_was_full_ || reap_failed_; }

  [[nodiscard]] std::size_t reads_in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t blocks_in_use() const;

  struct Counters {
    std::uint64_t reads = 0;      // into blocks; sentinels are left out
    std::uint64_t at_once = 0;    // completions that had come when io_submit(2) returned
    std::uint64_t waited = 0;     // in line, for want of a block or of a sentinel's place
    std::uint64_t on_helper = 0;  // read by a helper thread
    std::uint64_t ring_full = 0;  // io_submit(2) had no room: tried again later
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  friend class AioRead;
  friend class AioBlock;

  // Blocks of one use, and the reads that want them.
  struct Lane {
    std::vector<std::unique_ptr<AioBlock>> blocks;
    std::vector<AioBlock*> free;
    IntrusiveList<AioRead> line;  // reads without a block, first come, first served
    IntrusiveList<AioRead> idle;  // done reads whose block may be taken, longest idle first
  };

  [[nodiscard]] Lane& lane_of(AioRead::Use use) { return lanes_[static_cast<std::size_t>(use)]; }
  void add_blocks(AioRead::Use use, std::size_t count);
  void begin(AioRead& read);
  void give_back(AioBlock& block);
  void serve_line(Lane& lane);
  void drop_orphans();
  void queue(AioRead& read, AioBlock& block);
  std::size_t submit_batch(std::size_t begin, std::vector<void*>& ready);
  void complete(AioBlock& block, ssize_t result, std::vector<void*>& ready);
  void reap_what_was_at_once(std::vector<void*>& ready);
  std::size_t reap_all(std::vector<void*>& ready);
  std::size_t reap_at_least(long at_least, std::vector<void*>& ready);

  Sys& sys_;
  UniqueFd event_fd_;
  io_context_t ring_ = nullptr;
  struct FreeDelete {
    void operator()(char* memory) const { std::free(memory); }
  };
  HelperThreads& helpers_;
  std::unique_ptr<char, FreeDelete> memory_;  // of all blocks, and a page that sentinels share
  std::array<Lane, 2> lanes_;                 // by AioRead::Use
  std::vector<AioBlock*> queue_;              // assigned, not yet submitted
  std::size_t in_flight_ = 0;
  bool ring_was_full_ = false;
  bool reap_failed_ = false;  // completions may be waiting though the eventfd is silent
  Counters counters_;
};

}  // namespace aws
