// BlockReader: the bytes of a part of a file, in order, by kernel AIO.
//
// io_submit(2) of a buffered read sleeps until it is done, unless RWF_NOWAIT forbids it. So a read
// is first tried like that: what is in memory is there before io_submit(2) returns, block after
// block. What is not is brought in by Residency, and then read. Where nothing tells what is in
// memory, helpers read, one block while another is being used:
//
//   block A   read part 1 ──> use part 1 │ read part 3 ─────────────> use part 3 …
//   block B   read part 2 ───────────────┴> use part 2 │ read part 4 ────────────> …
//
// It knows no socket: who uses the bytes, and for what, is DynamicBody's or EncodedBody's
// business. One thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "os/aio.h"
#include "os/disk_io.h"
#include "os/residency.h"
#include "os/shared_fd.h"
#include "serve/body.h"

namespace aws {

class BlockReader {
 public:
  // Reads `file`, and notifies `completion` when a wait is over. `disk` must outlive it.
  BlockReader(DiskIo& disk, SharedFd file, Completion& completion);

  // Reads `length` bytes from `offset` on next; what was left of the last part is dropped.
  void aim(off_t offset, std::uint64_t length);

  enum class Fetch : std::uint8_t {
    Ready,      // bytes() is not empty
    AwaitDisk,  // fetch again when the completion has been notified
    End,        // all bytes of the part were used
    Failed,     // see failure()
  };
  // Makes the next bytes available, and has more read behind them.
  [[nodiscard]] Fetch fetch();

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
    Slot(AioContext& aio, Completion& completion) : read(aio, completion) {}
    AioRead read;
    off_t offset = 0;
    std::size_t length = 0;  // 0: nothing is left for it
    std::size_t used = 0;    // of its bytes
    int refusals = 0;        // reads that were not done since they would have slept
  };

  // What stood in the way of reading without sleeping.
  enum class Obstacle : std::uint8_t {
    None,
    UnknownMedium,  // the file system does not say what it has in memory
    NotInMemory,    // a part was not: from then on Residency is asked first
  };

  Slot& current() { return slots_[current_]; }
  Slot& other() { return slots_[1 - current_]; }
  void assign(Slot& slot);
  void start(Slot& slot);
  [[nodiscard]] bool note_obstacle(ssize_t error);
  [[nodiscard]] bool can_start();
  Fetch await_disk();
  Fetch fail(Failure failure);

  static constexpr int kRefusals = 3;  // of a read of what is said to be in memory: then a helper

  SharedFd file_;
  Residency residency_;
  Obstacle obstacle_ = Obstacle::None;
  off_t next_offset_ = 0;         // where the stretch begins that has no slot yet
  std::uint64_t unassigned_ = 0;  // and its size in bytes
  std::array<Slot, 2> slots_;
  std::size_t current_ = 0;
  Failure failure_ = Failure::None;
};

}  // namespace aws
