// FaultySys: a Sys for tests. Sockets, the AIO ring and the page cache are simulated, files are
// real.
//
// It overrides the calls that it simulates; the others are the kernel's. It counts the calls that
// have a result, can fail the n-th one, cut every transfer to k bytes, say EAGAIN every other time,
// and hold reads back until the test lets the "disk" finish them. Its clock stands still unless the
// test moves it.
//
// The thread that made it plays the loop. Helper threads' calls wait until the loop lets them work,
// which it does only while it waits itself: so all calls have an order, the same in every run.
#pragma once

#include <linux/magic.h>

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fake_page_cache.h"
#include "os/sys.h"
#include "os/unique_fd.h"

namespace aws {

class FaultySys final : public Sys {
 public:
  using Call = SysCall;

  // The far end of a connection.
  struct Peer {
    std::deque<std::string> input;  // what it sends, one chunk a recv()
    bool ends = false;              // after that it half-closes; otherwise it stays silent
    std::size_t room = kNoLimit;    // bytes that it takes before send() says EAGAIN
    std::string output;             // what it was sent
    int unread = 0;                 // bytes of it that still wait to be acknowledged
    bool output_ended = false;      // shutdown_write() was called
    bool reset = false;             // reset_on_close() was called
    bool held_back = false;         // the last bytes came with MSG_MORE: more was promised
    bool corked = false;            // cork() holds back what does not fill a packet
    int corks = 0;                  // how often it was put on
  };

  static constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

  // A descriptor that stands for a connected socket; the caller owns it.
  [[nodiscard]] UniqueFd connect();
  // Who is connected to `socket`; it stays as it is when the socket is closed.
  [[nodiscard]] Peer& peer(int socket) { return *by_socket_.at(socket); }

  // Fails the n-th call from now on, counting from 1: of all, or of one kind.
  void fail_call(int n, int error, std::optional<Call> kind = std::nullopt);
  [[nodiscard]] bool fault_fired() const { return fired_; }

  // Lets the n-th read of bytes that the disk finishes from now on end with `error`. What was not
  // read since it would have had to wait, and sentinels, are not counted.
  void fail_read(int n, int error);

  // What was called since forget_calls(), in order, as far as it is counted; not AioSetup.
  [[nodiscard]] const std::vector<Call>& calls() const { return calls_; }
  [[nodiscard]] std::size_t count(Call kind) const;
  void forget_calls() { calls_.clear(); }

  // Lets the disk finish the `count` oldest reads that are held.
  void finish_reads(std::size_t count = kNoLimit);
  [[nodiscard]] std::size_t reads_held() const { return held_.size(); }

  // Helpers may go on, until they may not any more; see above.
  void let_helpers_work(bool may);

  // How often the loop did what may sleep: looked something up that may not be cached, read a
  // folder, or sent or read what was not in memory.
  [[nodiscard]] int sleeps() const { return sleeps_; }

  FakePageCache pages;

  Moment clock{.monotonic_us = 1'000'000, .wall_s = 784111777};
  std::size_t transfer_limit = kNoLimit;  // bytes that one recv, send or sendfile moves
  std::size_t read_limit = kNoLimit;      // … or one read of the disk
  std::size_t submit_limit = kNoLimit;    // reads that one aio_submit takes
  std::size_t events_limit = kNoLimit;    // completions that one aio_events tells
  bool blocks_every_other_time = false;   // recv, send, sendfile, aio_submit say EAGAIN first
  bool holds_reads = false;               // until finish_reads()
  bool lacks_openat2 = false;
  bool lacks_cached_paths = false;  // paths are cached only when they were looked up before
  bool lacks_nowait = false;        // the file system does not tell what is in memory
  bool lacks_direct = false;        // … or knows no O_DIRECT
  int direct_error = 0;             // what O_DIRECT reads end with: EAGAIN, where pages are dirty
  std::int64_t file_system = EXT4_SUPER_MAGIC;
  int setup_error = 0;  // of aio_setup

  ssize_t recv(int socket, std::span<char> into) noexcept override;
  ssize_t send(int socket, std::string_view bytes, bool more) noexcept override;
  ssize_t sendfile(int socket, int file, off_t offset, std::size_t length) noexcept override;
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
  int aio_setup(int depth, io_context_t& context) noexcept override;
  int aio_submit(io_context_t context, std::span<iocb*> reads) noexcept override;
  int aio_events(io_context_t context, long at_least, std::span<io_event> into) noexcept override;
  void aio_destroy(io_context_t context) noexcept override;
  Moment now() noexcept override { return clock; }
  std::int64_t monotonic_us() noexcept override { return clock.monotonic_us; }

 private:
  // A read that the disk has not finished. It keeps the file open, as the kernel does.
  struct Held {
    iocb* control;
    UniqueFd file;
    std::size_t length;  // of what is in memory, where no more is wanted
    bool is_direct;
    std::size_t time;  // of the page cache
  };
  // A call's right to change what is here.
  class Turn;

  // Counts the call; what it must return instead of doing anything, or 0.
  int begin(Call call);
  ssize_t room_for(const Peer& peer, std::size_t wanted) const;
  int hold(iocb& read);
  void finish(const Held& read);
  [[nodiscard]] ssize_t outcome_of(const Held& read);
  [[nodiscard]] int error_of_disk();
  void note_sleep();

  const std::thread::id loop_ = std::this_thread::get_id();
  std::mutex mutex_;  // held by a helper during a call, and only then
  std::condition_variable gate_;
  bool helpers_may_work_ = false;
  int sleeps_ = 0;
  std::set<std::string> cached_paths_;

  std::deque<Peer> peers_;
  std::map<int, Peer*> by_socket_;
  std::vector<Call> calls_;
  std::array<bool, static_cast<std::size_t>(Call::kCount)> blocked_{};

  int fault_countdown_ = 0;
  int fault_error_ = 0;
  std::optional<Call> fault_kind_;
  bool fired_ = false;
  int read_countdown_ = 0;
  int read_error_ = 0;

  std::size_t ring_depth_ = 0;
  std::deque<Held> held_;
  std::deque<io_event> finished_;
};

// The errors that `call`, which FaultySys counts, may really return (its man page), as errno
// values.
[[nodiscard]] std::vector<int> legal_errors(SysCall call);

}  // namespace aws
