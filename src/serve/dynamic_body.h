// DynamicBody: a file's bytes by kernel AIO: read into one block while another is being sent.
//
//   block A   read part 1 ──> send part 1 │ read part 3 ──────────────> send part 3 …
//   block B   read part 2 ────────────────┴> send part 2 │ read part 4 ─────────────> …
//
// Between the block that was read and the block that is sent is the seam for post-processing;
// today the bytes pass through as they are.
#pragma once

#include <sys/types.h>

#include <array>

#include "os/aio.h"
#include "os/unique_fd.h"
#include "serve/body.h"

namespace aws {

class DynamicBody final : public Body {
 public:
  // Sends `length` > 0 bytes of `file` from `offset` on. Whenever pump() returns AwaitDisk, `aio`
  // will report `waiter`. `sys` and `aio` must outlive it.
  DynamicBody(Sys& sys, AioContext& aio, UniqueFd file, off_t offset, std::uint64_t length,
              void* waiter);

  [[nodiscard]] Pump pump(int socket) override;

 private:
  // One of the two blocks, and which part of the file belongs in it.
  struct Slot {
    explicit Slot(AioContext& aio) : read(aio) {}
    AioRead read;
    off_t offset = 0;
    std::size_t length = 0;  // 0: nothing is left for it
    std::size_t sent = 0;    // of its bytes, already in the socket
  };
  static constexpr int kBlocksPerPump = 2;  // a turn's share of one connection

  Slot& current() { return slots_[current_]; }
  Slot& other() { return slots_[1 - current_]; }
  void assign(Slot& slot);
  void start(Slot& slot);
  void set_idle(bool idle);
  [[nodiscard]] Pump await_socket();
  [[nodiscard]] Pump await_disk();
  [[nodiscard]] Pump send_current(int socket);

  Sys& sys_;
  UniqueFd file_;
  off_t next_offset_;         // where the part of the file begins that has no slot yet
  std::uint64_t unassigned_;  // and its size in bytes
  void* waiter_;
  std::array<Slot, 2> slots_;
  std::size_t current_ = 0;
};

}  // namespace aws
