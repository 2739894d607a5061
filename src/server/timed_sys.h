// TimedSys: a Sys that tells a StallMeter which calls took the time.
//
// It reads the clock before each call and behind it. A small request is little more than a few
// calls and feels that, so a loop uses it only when it was asked for (StallWatch::times_calls).
#pragma once

#include "os/sys.h"
#include "server/stall_meter.h"

namespace aws {

class TimedSys final : public Sys {
 public:
  // `real` makes the calls and is the clock. Both must outlive it.
  TimedSys(Sys& real, StallMeter& meter) : real_(real), meter_(meter) {}

  int accept(int listener, sockaddr_storage& peer) noexcept override;
  ssize_t recv(int socket, std::span<char> into) noexcept override;
  ssize_t send(int socket, std::string_view bytes, bool more) noexcept override;
  ssize_t sendfile(int socket, int file, off_t offset, std::size_t length) noexcept override;
  void defer_accept(int listener, bool on) noexcept override;
  void cork(int socket, bool on) noexcept override;
  int unread_by_peer(int socket) noexcept override;
  int shutdown_write(int socket) noexcept override;
  void reset_on_close(int socket) noexcept override;
  int open_beneath(int directory, const char* path, int flags, bool cached_only) noexcept override;
  int open_directory(int base, const char* path, bool cached_only) noexcept override;
  int reopen_direct(int file) noexcept override;
  int open_at(int directory, const char* name, int flags) noexcept override;
  int fstat(int file, struct stat& status) noexcept override;
  ssize_t readlink_at(int directory, const char* name, std::span<char> into) noexcept override;
  ssize_t read_folder(int folder, std::span<char> into) noexcept override;
  int stat_at(int folder, const char* name, struct stat& status) noexcept override;
  ssize_t probe(int file, off_t offset) noexcept override;
  int read_ahead(int file, off_t offset, std::size_t length) noexcept override;
  ssize_t pread(int file, std::span<char> into, off_t offset) noexcept override;
  std::int64_t file_system_of(int file) noexcept override;
  int memory_file() noexcept override;
  ssize_t write(int file, std::string_view bytes) noexcept override;
  int aio_setup(int depth, io_context_t& context) noexcept override;
  int aio_submit(io_context_t context, std::span<iocb*> reads) noexcept override;
  int aio_events(io_context_t context, long at_least, std::span<io_event> into) noexcept override;
  void aio_destroy(io_context_t context) noexcept override;
  Moment now() noexcept override { return real_.now(); }
  std::int64_t monotonic_us() noexcept override { return real_.monotonic_us(); }

 private:
  template <typename Call>
  auto timed(Work work, Call call) noexcept {
    meter_.mark(Work::Own, real_.monotonic_us());
    const auto result = call();
    meter_.mark(work, real_.monotonic_us());
    return result;
  }

  Sys& real_;
  StallMeter& meter_;
};

}  // namespace aws
