// Files whose size is not known before they are read: /proc, /sys and their kin, and some of FUSE
// (see hides_size()). Such a file is read whole before its answer begins, up to a limit, and sent
// from memory with its length. A larger one is sent in chunks: what was read, then the rest, as its
// client takes it.
//
//   unsized_response()  on a thread of the pool, since it reads: the response
//   UnsizedBody         on the loop: sends what was read, and has a thread read on
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <string>

#include "os/mount_points.h"
#include "os/shared_fd.h"
#include "os/sys.h"
#include "os/thread_pool.h"
#include "serve/body.h"
#include "serve/listing_slots.h"
#include "serve/opened_file.h"
#include "serve/response.h"
#include "serve/visit.h"

namespace aws {

constexpr std::size_t kLargestInMemory = 1024 * 1024;  // bytes of a file that is read whole

// The answer with all of `opened`, whose size is unknown. It has neither validators, since nothing
// tells one version from the next, nor ranges. What it holds in memory takes one of `slots`; 503 if
// there is none. visit.tools.lookup must let it sleep.
[[nodiscard]] Response unsized_response(const Visit& visit, OpenedFile opened,
                                        std::string_view content_type, ListingSlots& slots);

class UnsizedBody final : public Body {
 public:
  // How the client learns where the body ends.
  enum class Framing : std::uint8_t {
    Length,  // by a Content-Length: all of it has been read
    Chunks,
    Connection,  // by the end of the connection: HTTP/1.0
  };

  // Sends `begun`, what was read of `file`, and then the rest of it, unless the framing is Length.
  // Holds `slot` as long as it lives. Whenever pump() returns AwaitDisk, `completion` will be
  // notified; this must not be destroyed while it has pending work. `sys` and `threads` must
  // outlive it.
  UnsizedBody(Sys& sys, ThreadPool& threads, SharedFd file, std::string begun, Framing framing,
              Completion& completion, ListingSlots::Slot slot);

  // Failed, without the last chunk, when the file cannot be read to its end.
  [[nodiscard]] Pump pump(int socket) override;

 private:
  static constexpr std::size_t kBytesPerPump = 512 * 1024;  // a turn's share
  static constexpr std::size_t kBlock = 256 * 1024;         // read at a time

  // Reads the next block; the loop looks at none of this while that is under way.
  struct Reading final : public Task {
    Reading(SharedFd opened, std::size_t begin)
        : file(std::move(opened)), offset(static_cast<off_t>(begin)) {}

    void run(Sys& sys) noexcept override;
    [[nodiscard]] std::string path() const override { return path_of(file.get()); }
    void refuse() noexcept override { result = -EIO; }

    SharedFd file;
    off_t offset;
    std::string block;
    int result = 0;  // as read_on() says
    bool was_sent_for = false;
  };

  void frame(std::string bytes);

  Sys& sys_;
  ThreadPool& threads_;
  Completion& completion_;
  ListingSlots::Slot slot_;
  Framing framing_;
  Reading reading_;
  bool at_end_;           // all bytes of the file are in outgoing_, or were
  std::string outgoing_;  // framed
  std::size_t outgoing_sent_ = 0;
};

// Appends to `into` what `file` has from `offset` on, `most` bytes at most: 1 if that many came, 0
// if fewer did, since the file ended, -errno if it cannot be read. A file that has no more for now,
// and says so by EAGAIN, has ended. May sleep.
[[nodiscard]] int read_on(Sys& sys, int file, off_t offset, std::size_t most, std::string& into);

}  // namespace aws
