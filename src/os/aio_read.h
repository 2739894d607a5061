// AioRead: one read of a file into a block of memory, by kernel AIO or by a helper thread; a member
// of its user. AioContext has what it reads with.
//
// A read's life:
//
//   start() ── block free ──> Queued ── submit() ──> InFlight ── reap() ──> Done ── release()
//      └────── none free ───> Waiting ── a block is given back ──> Queued …
//
// A read handed to the kernel cannot be cancelled (io_cancel(2) fails for files). If its AioRead is
// destroyed first, the block is orphaned, and becomes free when the read completes.
//
// A *sentinel* is a read whose bytes are dropped: its completion is what matters. It holds no
// memory, and occupies its slot of the ring only until it is done. Residency says what it shows.
//
// What the kernel could read only by sleeping is read by a thread of the pool instead, into the
// same blocks (ReadMode::OnHelper).
//
// It does not know what is read, or why. One thread owns a context and all its reads.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "os/completion.h"
#include "os/intrusive_list.h"

namespace aws {

class AioBlock;
class AioContext;

enum class ReadMode : std::uint8_t {
  MayWait,   // io_submit(2) as it is, which sleeps until a buffered read is done
  NoWait,    // with RWF_NOWAIT: -EAGAIN or a short count if the data is not in memory
  OnHelper,  // pread(2) by a thread of the pool
};

class AioRead : public Link {
 public:
  // Bytes are read through the page cache; a sentinel bypasses it, with O_DIRECT.
  enum class Use : std::uint8_t { Bytes, Sentinel };

  // Reads for `completion`, which notify() notifies. Both references must outlive it.
  AioRead(AioContext& context, Completion& completion, Use use = Use::Bytes)
      : context_(context), completion_(completion), use_(use) {}
  ~AioRead() { release(); }

  // Reads up to `length` bytes (1 … AioContext::kBlockSize; a sentinel that is not OnHelper:
  // kSentinelSize) of `file` at `offset`. Never fails here: an error is the result(). Must not be
  // under way or done already. OnHelper, `file` must stay open while the completion has pending
  // work.
  void start(int file, off_t offset, std::size_t length, ReadMode mode);

  // Releases the block, whatever the state; afterwards start() may be called again.
  void release();

  [[nodiscard]] bool started() const { return state_ != State::Nothing; }
  [[nodiscard]] bool done() const { return state_ == State::Done; }

  // Of a read that is done: bytes read (0 at the end of the file), or -errno.
  [[nodiscard]] ssize_t result() const { return result_; }
  // Of a read that is done without error, and no sentinel: the bytes, valid until release() or
  // set_idle(true).
  [[nodiscard]] std::string_view bytes() const;

  // Notifies the completion, once, when the read is done.
  void notify() { notifies_ = true; }

  // An idle read's bytes are not needed soon (its client is slow). If other reads lack a block,
  // they take this one's, and this read is as before start(): its user starts it again later.
  // So clients that do not read cannot starve clients that do.
  void set_idle(bool idle);

 private:
  friend class AioBlock;
  friend class AioContext;
  enum class State { Nothing, Waiting, Queued, InFlight, Done };

  AioBlock* surrender();

  AioContext& context_;
  Completion& completion_;
  const Use use_;
  State state_ = State::Nothing;
  bool idle_ = false;
  bool notifies_ = false;
  ReadMode mode_ = ReadMode::NoWait;
  int file_ = -1;
  off_t offset_ = 0;
  std::size_t length_ = 0;
  ssize_t result_ = 0;
  AioBlock* block_ = nullptr;
};

}  // namespace aws
