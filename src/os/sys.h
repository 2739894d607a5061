// Sys: every kernel call that a connection makes, and the clock.
//
// One virtual method a call, so that a unit test can fail the n-th of them or cut a transfer
// short (tests/unit/faulty_sys.h). Every method returns a value >= 0, or -errno; EINTR ends here,
// and nobody above reads errno. Stateless: any thread may call it.
#pragma once

#include <libaio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace aws {

// A reading of both clocks. The event loop takes one a batch and lends it to its connections.
struct Moment {
  std::int64_t monotonic_us = 0;  // never jumps: for time-outs and durations
  std::int64_t wall_s = 0;        // seconds since the epoch: for Date and the log
  std::int64_t wall_ns = 0;       // nanoseconds of that second
};

class Sys {
 public:
  Sys() = default;
  Sys(const Sys&) = delete;
  Sys& operator=(const Sys&) = delete;
  virtual ~Sys() = default;

  // accept4(2), nonblocking and close-on-exec. Returns the new descriptor, which the caller owns.
  [[nodiscard]] virtual int accept(int listener, sockaddr_storage& peer) noexcept;

  // TCP_DEFER_ACCEPT (tcp(7)): while `on`, who connects can be accepted only once it has sent
  // something, or after a second.
  virtual void defer_accept(int listener, bool on) noexcept;

  // recv(2): bytes received, 0 at the end of the stream, -EAGAIN if none are there yet.
  [[nodiscard]] virtual ssize_t recv(int socket, std::span<char> into) noexcept;

  // send(2) without SIGPIPE. `more`: hold the last, partial packet back for what follows
  // (MSG_MORE). Returns how much the kernel took, possibly less than all.
  [[nodiscard]] virtual ssize_t send(int socket, std::string_view bytes, bool more) noexcept;

  // sendfile(2) from `offset` without moving the file's own position. 0 means that the file ends
  // there.
  [[nodiscard]] virtual ssize_t sendfile(int socket, int file, off_t offset,
                                         std::size_t length) noexcept;

  // TCP_CORK (tcp(7)): while `on`, packets wait until they are full, for 200 ms at most.
  virtual void cork(int socket, bool on) noexcept;

  // SIOCOUTQ (tcp(7)): bytes sent that the peer has not acknowledged yet.
  [[nodiscard]] virtual int unread_by_peer(int socket) noexcept;

  // shutdown(SHUT_WR): the peer sees the end of the stream, and may still send.
  virtual int shutdown_write(int socket) noexcept;

  // SO_LINGER with a time of 0 (socket(7)): close(2) will reset the connection, and the kernel drop
  // what the peer has not taken, which otherwise it keeps for minutes.
  virtual void reset_on_close(int socket) noexcept;

  // openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS. -ENOSYS where the kernel (before
  // 5.6) or a tool such as valgrind does not know the call; -EXDEV if the path leaves `directory`.
  // `cached_only`: RESOLVE_CACHED as well: -EAGAIN if the disk would have to be asked, -EINVAL
  // before Linux 5.12.
  [[nodiscard]] virtual int open_beneath(int directory, const char* path, int flags,
                                         bool cached_only) noexcept;

  // Opens the directory at `path`, relative to `base` unless it is absolute, with O_PATH, wherever
  // its links lead. `cached_only`: as in open_beneath(), and -ENOSYS where that is not known.
  [[nodiscard]] virtual int open_directory(int base, const char* path, bool cached_only) noexcept;

  // Opens the file that is open as `file` once more, with O_DIRECT, by its name in /proc/self/fd.
  // -EINVAL where its file system cannot do that.
  [[nodiscard]] virtual int reopen_direct(int file) noexcept;

  // openat(2), fstat(2), readlinkat(2): the portable parts of the same walk.
  [[nodiscard]] virtual int open_at(int directory, const char* name, int flags) noexcept;
  [[nodiscard]] virtual int fstat(int file, struct stat& status) noexcept;
  [[nodiscard]] virtual ssize_t readlink_at(int directory, const char* name,
                                            std::span<char> into) noexcept;

  // getdents64(2): the next entries of the open `folder`, as records of struct dirent64; bytes
  // written, 0 at its end. `into` must have room for the longest record (280 bytes).
  [[nodiscard]] virtual ssize_t read_folder(int folder, std::span<char> into) noexcept;

  // fstatat(2) of an entry of `folder`, of a symbolic link itself and not of what it points to.
  [[nodiscard]] virtual int stat_at(int folder, const char* name, struct stat& status) noexcept;

  // Whether the byte at `offset` can be read without sleeping (preadv2(2) of it with RWF_NOWAIT):
  // 1; 0 beyond the end of the file; -EAGAIN if not; -EOPNOTSUPP if the file system cannot tell.
  [[nodiscard]] virtual ssize_t probe(int file, off_t offset) noexcept;

  // posix_fadvise(2), POSIX_FADV_WILLNEED: starts reading into the page cache, and does not wait.
  virtual int read_ahead(int file, off_t offset, std::size_t length) noexcept;

  // pread(2): may sleep, and so is for helper threads.
  [[nodiscard]] virtual ssize_t pread(int file, std::span<char> into, off_t offset) noexcept;

  // fstatfs(2): the type of `file`'s file system, as linux/magic.h has it. May sleep, likewise.
  [[nodiscard]] virtual std::int64_t file_system_of(int file) noexcept;

  // memfd_create(2): a new, empty file in memory, close-on-exec. The caller owns it.
  [[nodiscard]] virtual int memory_file() noexcept;

  // write(2) at the file's own position.
  [[nodiscard]] virtual ssize_t write(int file, std::string_view bytes) noexcept;

  // io_setup(2), io_submit(2), io_getevents(2) without waiting for more than `at_least`
  // completions, io_destroy(2). Source: libaio, which returns -errno already.
  [[nodiscard]] virtual int aio_setup(int depth, io_context_t& context) noexcept;
  [[nodiscard]] virtual int aio_submit(io_context_t context, std::span<iocb*> reads) noexcept;
  [[nodiscard]] virtual int aio_events(io_context_t context, long at_least,
                                       std::span<io_event> into) noexcept;
  virtual void aio_destroy(io_context_t context) noexcept;

  [[nodiscard]] virtual Moment now() noexcept;
  // Moment::monotonic_us alone, at half the cost: to tell how long something took.
  [[nodiscard]] virtual std::int64_t monotonic_us() noexcept;
};

}  // namespace aws
