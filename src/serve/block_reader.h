// BlockReader: the bytes of a part of a file, in order, by kernel AIO: one block is being read
// while another is being used.
//
//   block A   read part 1 ──> use part 1 │ read part 3 ─────────────> use part 3 …
//   block B   read part 2 ───────────────┴> use part 2 │ read part 4 ────────────> …
//
// It knows no socket: who uses the bytes, and for what, is DynamicBody's or CompressedBody's
// business. One thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "os/aio.h"
#include "os/unique_fd.h"
#include "serve/body.h"

namespace aws {

class BlockReader {
 public:
  // Reads `file`, which it owns. `aio` must outlive it.
  BlockReader(AioContext& aio, UniqueFd file);

  // Reads `length` bytes from `offset` on next; what was left of the last part is dropped.
  void aim(off_t offset, std::uint64_t length);

  enum class Fetch : std::uint8_t {
    Ready,      // bytes() is not empty
    AwaitDisk,  // fetch again when `waiter` has been reported by the AioContext
    End,        // all bytes of the part were used
    Failed,     // see failure()
  };
  // Makes the next bytes available, and has more read behind them.
  [[nodiscard]] Fetch fetch(void* waiter);

  // After Ready: bytes that are here; valid until the next call of anything but bytes().
  [[nodiscard]] std::string_view bytes() const;
  // Whether bytes() are the part's last ones.
  [[nodiscard]] bool bytes_are_last() const;
  // Drops the first `size` of bytes().
  void use(std::size_t size);

  // Who waits for something else than the disk calls this: others may take the blocks meanwhile,
  // and the next fetch() reads anew what they held. So no number of clients that do not read can
  // starve those that do.
  void lend_blocks();

  [[nodiscard]] Failure failure() const { return failure_; }

 private:
  // One of the two blocks, and which stretch of the file belongs in it.
  struct Slot {
    explicit Slot(AioContext& aio) : read(aio) {}
    AioRead read;
    off_t offset = 0;
    std::size_t length = 0;  // 0: nothing is left for it
    std::size_t used = 0;    // of its bytes
  };

  Slot& current() { return slots_[current_]; }
  Slot& other() { return slots_[1 - current_]; }
  void assign(Slot& slot);
  void start(Slot& slot);
  Fetch await_disk(void* waiter);
  Fetch fail(Failure failure);

  UniqueFd file_;
  off_t next_offset_ = 0;         // where the stretch begins that has no slot yet
  std::uint64_t unassigned_ = 0;  // and its size in bytes
  std::array<Slot, 2> slots_;
  std::size_t current_ = 0;
  Failure failure_ = Failure::None;
};

}  // namespace aws
