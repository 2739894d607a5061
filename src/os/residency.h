// Residency: has the part of a file that is to be read next be in memory before it is read, so that
// neither sendfile(2) nor a read ever waits for a disk.
//
//   window 0     window 1     window 2     window 3        a window is 256 KiB
//   ── read ──>  probe: is it there?
//                yes ── read it; have the next ones read ahead, if this file is cold
//                no ─── readahead of it, and a *sentinel*: a read of its last block by
//                       O_DIRECT, whose completion, through the loop's eventfd, says that
//                       the window is in ──> probe
//
// The sentinel queues behind the readahead on its way to the disk. That it comes last is usual but
// nowhere promised, so the window is probed again; after a few rounds, or where a sentinel cannot
// be sent, a helper thread reads the window, and that is trusted as long as the window is read.
//
// It knows an open file, not what it is read for. One thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "os/aio.h"
#include "os/disk_io.h"
#include "os/unique_fd.h"

namespace aws {

class Residency {
 public:
  static constexpr off_t kWindow = 256 * 1024;  // more than that, readahead would take at once

  // `file` belongs to the caller, who keeps it open while this lives and while `completion` has
  // pending work. `completion` is notified when a wait is over. `disk` must outlive it.
  Residency(DiskIo& disk, int file, Completion& completion);
  ~Residency();

  // What is to be read, in order: `length` bytes from `offset` on.
  void aim(off_t offset, std::uint64_t length);

  // How many bytes from `offset`, within the aim, can be read now, as far as they are `wanted`;
  // 0: the completion will be notified, then call this again; -errno: the disk has failed.
  [[nodiscard]] std::int64_t ready(off_t offset, std::uint64_t wanted);

  // Whether anything of this file was not there, or not known to be, when it was asked for.
  [[nodiscard]] bool was_cold() const { return cold_ != nullptr; }

  // A NoWait read of these bytes, at least one, did not find them. The kernel has begun to bring in
  // what was asked for and no more, which could look like all of it: see DiskIo::read_ahead().
  void missed(off_t offset, std::size_t length);

  // What is in memory may be thrown out at any time: to be called when time has passed.
  void forget() { resident_end_ = 0; }

  // How io_submit(2) can read this file without sleeping. NoWait, until -EOPNOTSUPP has come of it
  // and study() has been called.
  [[nodiscard]] ReadMode read_mode() const;

  // Finds out what medium it is. False: the completion will be notified, then call this again.
  [[nodiscard]] bool study();

 private:
  static constexpr std::size_t kAhead = 8;  // windows beyond the one that is needed
  static constexpr int kRounds = 3;         // of readahead and sentinel, for one window

  struct Window {
    std::uint64_t index;  // from the aim's beginning on
    off_t begin;
    off_t end;
  };
  struct Announcement;
  struct Study;
  struct Cold;  // what is needed for files that are not in memory only

  [[nodiscard]] Window window(std::uint64_t index) const;
  [[nodiscard]] std::uint64_t last_window() const;
  [[nodiscard]] bool admit(const Window& window, int& error);
  [[nodiscard]] bool await(const Window& window, Announcement& announcement);
  void send_sentinel(const Window& window, Announcement& announcement);
  void send_helper(const Window& window, Announcement& announcement);
  void take_in(off_t end);
  void look_ahead(std::uint64_t index);
  [[nodiscard]] Announcement& announcement_of(std::uint64_t index);
  [[nodiscard]] Cold& cold();
  [[nodiscard]] bool has_direct();

  DiskIo& disk_;
  const int file_;
  Completion& completion_;
  off_t begin_ = 0;
  off_t end_ = 0;
  off_t resident_end_ = 0;
  Medium medium_ = Medium::HasNowait;
  std::unique_ptr<Cold> cold_;
};

}  // namespace aws
