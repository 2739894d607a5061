// The event loop, played for connections without epoll, sockets or threads.
//
//   FakeLoop    what a loop lends to its connections, on FaultySys
//   FakeClient  one connection and its far end; play() feeds it events according to its wants
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "disk.h"
#include "serve/resources.h"
#include "server/connection.h"
#include "server/loop_context.h"

namespace aws {

class FakeClient;

class FakeLoop {
 public:
  explicit FakeLoop(const Resources& resources, std::size_t blocks = 8)
      : disk(blocks),
        context{.sys = sys,
                .aio = aio,
                .page_cache = disk.cache,
                .helpers = disk.helpers,
                .file_cache = file_cache,
                .resources = resources,
                .scratch = scratch} {
    context.now = sys.now();
  }

  // Lets the disk have its turn and tells connections what is done. False if nobody was told
  // anything and nothing is left to try again.
  bool turn();

  void advance_clock(std::int64_t us) {
    sys.clock.monotonic_us += us;
    context.now = sys.now();
  }

  Disk disk;
  FaultySys& sys = disk.sys;
  AioContext& aio = disk.aio;
  FileCache file_cache{0};  // each request opens its file
  std::array<char, 16 * 1024> scratch{};
  LoopContext context;
};

class FakeClient {
 public:
  explicit FakeClient(FakeLoop& loop)
      : loop_(loop),
        connection_(make_connection(loop, this)),
        peer_(loop.sys.peer(connection_->socket())) {}
  ~FakeClient() { bury(); }
  FakeClient(const FakeClient&) = delete;
  FakeClient& operator=(const FakeClient&) = delete;

  // What the client does.
  FakeClient& says(std::string bytes) {
    peer_.input.push_back(std::move(bytes));
    return *this;
  }
  FakeClient& ends() {
    peer_.ends = true;
    return *this;
  }

  // One event; remembers what the connection wants then.
  Want hand(Event event) {
    want_ = connection_->advance(event);
    return want_;
  }

  // Plays the loop until the connection is closed, or waits for what does not come: input, room
  // at the peer, or a read that the test holds back.
  void play() {
    constexpr int kManySteps = 4'000'000;
    for (int step = 0; step < kManySteps; ++step) {
      switch (want_) {
        case Want::Close:
          return;
        case Want::Read:
          if (peer_.input.empty() && !peer_.ends) return;
          hand(Event::SocketReady);
          break;
        case Want::Write:
          if (peer_.room == 0) return;
          hand(Event::SocketReady);
          break;
        case Want::Disk:
          if (!loop_.turn()) return;
          break;
      }
    }
    ADD_FAILURE() << "the connection runs in circles";
  }

  // Destroys the connection, as the loop does when it is closed and no helper works for it.
  void bury() {
    if (loop_.disk.helpers.works_for(this)) {
      if (!closed()) hand(Event::PeerGone);
      loop_.disk.holds_errands = false;
      loop_.turn();
    }
    connection_.reset();
  }

  [[nodiscard]] Want want() const { return want_; }
  [[nodiscard]] bool closed() const { return want_ == Want::Close; }
  [[nodiscard]] State state() const { return connection_->state(); }
  [[nodiscard]] Connection& connection() { return *connection_; }
  [[nodiscard]] FaultySys::Peer& peer() { return peer_; }
  [[nodiscard]] const std::string& output() const { return peer_.output; }

 private:
  static std::unique_ptr<Connection> make_connection(FakeLoop& loop, void* waiter) {
    return std::make_unique<Connection>(loop.context, loop.sys.connect(), PeerAddress(), 1, waiter);
  }

  FakeLoop& loop_;
  std::unique_ptr<Connection> connection_;
  FaultySys::Peer& peer_;
  Want want_ = Want::Read;
};

inline bool FakeLoop::turn() {
  std::vector<void*> ready;
  disk.turn(ready);
  for (void* const waiter : ready) {
    auto* const client = static_cast<FakeClient*>(waiter);
    if (!client->closed()) client->hand(Event::DiskReady);
  }
  return !ready.empty() || disk.wants_turn();
}

}  // namespace aws
