// Event loops on real sockets, for tests.
//
//   RunningLoop   an event loop and the thread that runs it
//   TestClient    the far end of a connection: blocking calls that fail the test after a long time
//   LoopKernel    the kernel of such a loop: it counts iterations, and its clock can be stopped
//
// A test waits for bytes, for the end of a stream, or for work that it has posted; never for time.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "loop/event_loop.h"
#include "os/sys.h"
#include "os/unique_fd.h"

namespace aws {

// After so long a test that waits has failed.
constexpr int kGiveUpS = 30;

// Waits for `future`. Returns false, and fails the test, if nothing comes.
template <typename T>
[[nodiscard]] bool comes(const std::future<T>& future) {
  const bool came = future.wait_for(std::chrono::seconds(kGiveUpS)) == std::future_status::ready;
  EXPECT_TRUE(came) << "waited in vain";
  return came;
}

class LoopKernel : public Sys {
 public:
  Moment now() noexcept override {
    ++iterations;  // each begins with it
    Moment moment = Sys::now();
    if (stopped_us_ > 0) moment.monotonic_us = stopped_us_;
    return moment;
  }

  // Stops the clock of timeouts. Afterwards it moves only by hand. Any thread may call these.
  void stop_clock() { stopped_us_ = Sys::monotonic_us(); }
  void advance_clock(std::int64_t us) { stopped_us_ += us; }

  int aio_setup(int depth, io_context_t& context) noexcept override {
    ++rings;
    return Sys::aio_setup(depth, context);
  }

  std::atomic<int> iterations = 0;
  std::atomic<int> rings = 0;  // for kernel AIO

 private:
  std::atomic<std::int64_t> stopped_us_ = 0;  // 0: it runs
};

class TestClient {
 public:
  explicit TestClient(UniqueFd socket) : socket_(std::move(socket)) {
    const timeval patience{.tv_sec = kGiveUpS, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  }

  // Connects to a listening socket on the loopback address.
  static TestClient of_port(std::uint16_t port) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return TestClient(std::move(socket));
  }

  void send(std::string_view bytes) const {
    EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  // Receives `size` bytes, or fewer if the stream ends.
  [[nodiscard]] std::string receive(std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::recv(socket_.get(), bytes.data() + done, size - done, 0);
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

  // Waits for the end of the stream. Returns false if bytes came, or nothing.
  [[nodiscard]] bool sees_end() const {
    char byte = 0;
    const ssize_t got = ::recv(socket_.get(), &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

  void half_close() const { ::shutdown(socket_.get(), SHUT_WR); }
  void close() { socket_.reset(); }
  // Closes a TCP connection by a reset: the far end's socket fails.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close();
  }
  [[nodiscard]] int socket() const { return socket_.get(); }

 private:
  UniqueFd socket_;
};

// Calls `work` on the thread of `loop`, which runs, and waits until it has returned.
inline void call_on(EventLoop& loop, const std::function<void()>& work) {
  const auto done = std::make_shared<std::promise<void>>();  // the loop's thread may be last
  loop.post([&work, done] {
    work();
    done->set_value();
  });
  EXPECT_TRUE(comes(done->get_future()));
}

class RunningLoop {
 public:
  // `kernel` must outlive it.
  RunningLoop(const LoopOptions& options, Sys& kernel) : shared(options), loop(shared, kernel) {}
  ~RunningLoop() { stop(Stop::AtOnce); }
  RunningLoop(const RunningLoop&) = delete;
  RunningLoop& operator=(const RunningLoop&) = delete;

  void run() {
    thread_ = std::thread([this] { loop.run(); });
  }

  // Stops the loop and waits for its end.
  void stop(Stop how = Stop::Gracefully) {
    if (!thread_.joinable()) return;
    begin_stop(how);
    thread_.join();
  }
  void begin_stop(Stop how = Stop::Gracefully) {
    shared.stop = how;
    loop.wake();
  }
  void join() { thread_.join(); }

  void call(const std::function<void()>& work) { call_on(loop, work); }
  // Waits until the loop has gone through an iteration that began after this call.
  void await_iteration() {
    call([] {});
    call([] {});  // the first one's iteration is over
  }

  // Two ends of a connection: the loop's, which is nonblocking, and the test's.
  static std::pair<UniqueFd, TestClient> pair() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    UniqueFd ours(ends[0]);
    const int flags = ::fcntl(ends[1], F_GETFL);
    ::fcntl(ends[1], F_SETFL, flags & ~O_NONBLOCK);
    return {std::move(ours), TestClient(UniqueFd(ends[1]))};
  }

  LoopSharedState shared;
  EventLoop loop;

 private:
  std::thread thread_;
};

}  // namespace aws
