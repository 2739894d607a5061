// Kernel AIO (io_submit(2)): reads of files into blocks of memory, announced by an eventfd.
//
//   AioRead     one read and, while it lasts, the block of memory it fills; a member of its user
//   AioContext  a loop's ring, its eventfd and its bounded number of blocks
//
// A read's life:
//
//   start() ── block free ──> Queued ── submit() ──> InFlight ── reap() ──> Done ── release()
//      └────── none free ───> InLine ── a block is given back ──> Queued …
//
// A read handed to the kernel cannot be cancelled (io_cancel(2) fails for files): when its AioRead
// dies first, the block is orphaned and comes back when the completion does.
//
// A *sentinel* is a read for the sake of its completion: its bytes are dropped. It holds no memory,
// and its place in the ring only until it is done. See Residency for what it tells.
//
// What the kernel can do only by sleeping is read by a helper thread instead, into the same blocks
// (ReadMode::OnHelper).
//
// Neither class knows who reads what for whom: a waiter is an opaque pointer. One thread owns a
// context and all its reads.
#pragma once

#include <libaio.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "os/helper_threads.h"
#include "os/intrusive_list.h"
#include "os/sys.h"
#include "os/unique_fd.h"

namespace aws {

class AioContext;
class AioBlock;

enum class ReadMode : std::uint8_t {
  MayWait,   // io_submit(2) as it is, which sleeps until a buffered read is done
  NoWait,    // with RWF_NOWAIT: -EAGAIN or a short count tells what cannot be had at once
  OnHelper,  // pread(2) by a helper thread
};

class AioRead : public Link {
 public:
  enum class Use : std::uint8_t { Bytes, Sentinel };

  // `context` must outlive it.
  explicit AioRead(AioContext& context, Use use = Use::Bytes) : context_(context), use_(use) {}
  ~AioRead() { release(); }

  // Reads up to `length` bytes (1 … AioContext::kBlockSize; a sentinel but OnHelper: kSentinelSize)
  // of `file` at `offset`. Never fails here: an error is the result(). Must not be under way or
  // done already. OnHelper, `file` must stay open while HelperThreads::works_for(owner).
  void start(int file, off_t offset, std::size_t length, ReadMode mode,
             const void* owner = nullptr);

  // Gives the block up, whatever the state; afterwards start() may be called again.
  void release();

  [[nodiscard]] bool started() const { return state_ != State::Nothing; }
  [[nodiscard]] bool done() const { return state_ == State::Done; }

  // Of a read that is done: bytes read (0 at the end of the file), or -errno.
  [[nodiscard]] ssize_t result() const { return result_; }
  // Of a read that is done without error, and no sentinel: the bytes, valid until release() or
  // set_idle(true).
  [[nodiscard]] std::string_view bytes() const;

  // Has reap() or submit() report `waiter`, once, when the read is done. nullptr: do not.
  void set_waiter(void* waiter) { waiter_ = waiter; }

  // An idle read's bytes are not needed soon (its client is slow). When other reads lack a block,
  // they take it, and this read is as before start(): whoever comes back to it starts it anew.
  // So clients that do not read can never starve those that do.
  void set_idle(bool idle);

 private:
  friend class AioContext;
  enum class State { Nothing, InLine, Queued, InFlight, Done };

  AioBlock* surrender();

  AioContext& context_;
  const Use use_;
  State state_ = State::Nothing;
  bool idle_ = false;
  ReadMode mode_ = ReadMode::NoWait;
  const void* owner_ = nullptr;
  int file_ = -1;
  off_t offset_ = 0;
  std::size_t length_ = 0;
  ssize_t result_ = 0;
  void* waiter_ = nullptr;
  AioBlock* block_ = nullptr;
};

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
  void reap_what_was_at_once(std::vector<void*>& ready);
  void give_back(AioBlock& block);
  void serve_line(Lane& lane);
  void drop_orphans();
  void queue(AioRead& read, AioBlock& block);
  void complete(AioBlock& block, ssize_t result, std::vector<void*>& ready);
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
