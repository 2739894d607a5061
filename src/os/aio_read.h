// AioRead: one read of a file into a block of memory, by kernel AIO or by a helper thread; a member
// of its user. AioContext has what it reads with.
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
// It does not know who reads what for whom: a waiter is an opaque pointer. One thread owns a
// context and all its reads.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "os/intrusive_list.h"

namespace aws {

class AioBlock;
class AioContext;

enum class ReadMode : std::uint8_t {
  MayWait,   // io_submit(2) as it is, which sleeps until a buffered read is done
  NoWait,    // with RWF_NOWAIT: -EAGAIN or a short count tells what cannot be had at once
  OnHelper,  // pread(2) by a helper thread
};

class AioRead : public Link {
 public:
  // Bytes are read by way of the page cache, a sentinel past it, with O_DIRECT.
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
  friend class AioBlock;
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

}  // namespace aws
