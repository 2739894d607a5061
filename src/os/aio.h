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
// Neither class knows who reads what for whom: a waiter is an opaque pointer. One thread owns a
// context and all its reads.
#pragma once

#include <libaio.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "os/intrusive_list.h"
#include "os/sys.h"
#include "os/unique_fd.h"

namespace aws {

class AioContext;
struct AioBlock;

class AioRead : public Link {
 public:
  explicit AioRead(AioContext& context) : context_(context) {}  // `context` must outlive it
  ~AioRead() { release(); }

  // Reads up to `length` bytes (1 … AioContext::kBlockSize) of `file` at `offset`. Never fails
  // here: an error is the result(). Must not be under way or done already.
  void start(int file, off_t offset, std::size_t length);

  // Gives the block up, whatever the state; afterwards start() may be called again.
  void release();

  [[nodiscard]] bool started() const { return state_ != State::Nothing; }
  [[nodiscard]] bool done() const { return state_ == State::Done; }

  // Of a read that is done: bytes read (0 at the end of the file), or -errno.
  [[nodiscard]] ssize_t result() const { return result_; }
  // Of a read that is done without error: the bytes, valid until release() or set_idle(true).
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
  State state_ = State::Nothing;
  bool idle_ = false;
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

  // `blocks` bounds both the memory (blocks × kBlockSize, taken when first used) and the reads
  // in flight. Throws std::system_error; EAGAIN means that fs.aio-max-nr is used up.
  AioContext(Sys& sys, std::size_t blocks);
  ~AioContext();
  AioContext(const AioContext&) = delete;
  AioContext& operator=(const AioContext&) = delete;

  // Readable when completions wait to be reaped.
  [[nodiscard]] int event_fd() const { return event_fd_.get(); }

  // Hands all queued reads to the kernel in one call: once a loop turn. The waiters of reads that
  // the kernel refused are appended to `ready`. Reads that found the ring full stay queued.
  void submit(std::vector<void*>& ready);

  // Appends to `ready` the waiters of all reads that are done now. Never waits.
  void reap(std::vector<void*>& ready);

  // Waits until nothing is in flight any more (or the kernel refuses to say): for the end of a
  // loop, when all readers are gone.
  void drain();

  // Whether the kernel had no room for a read, or no answer to a reap: the loop must not fall
  // asleep, but call submit() again soon.
  [[nodiscard]] bool has_unfinished() const { return !queue_.empty() || reap_failed_; }

  [[nodiscard]] std::size_t reads_in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t blocks_in_use() const { return blocks_.size() - free_.size(); }

 private:
  friend class AioRead;

  void begin(AioRead& read);
  void give_back(AioBlock& block);
  void serve_line();
  void drop_orphans();
  AioBlock* take_block();
  void queue(AioRead& read, AioBlock& block);
  void complete(AioBlock& block, ssize_t result, std::vector<void*>& ready);
  std::size_t reap_at_least(long at_least, std::vector<void*>& ready);

  Sys& sys_;
  UniqueFd event_fd_;
  io_context_t ring_ = nullptr;
  struct FreeDelete {
    void operator()(char* memory) const { std::free(memory); }
  };
  std::unique_ptr<char, FreeDelete> memory_;  // of all blocks
  std::vector<std::unique_ptr<AioBlock>> blocks_;
  std::vector<AioBlock*> free_;
  std::vector<AioBlock*> queue_;  // assigned, not yet submitted
  std::size_t in_flight_ = 0;
  bool reap_failed_ = false;     // completions may be waiting though the eventfd is silent
  IntrusiveList<AioRead> line_;  // reads without a block, first come, first served
  IntrusiveList<AioRead> idle_;  // done reads whose block may be taken, longest idle first
};

}  // namespace aws
