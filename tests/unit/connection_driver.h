// The event loop, played for HTTP connections without epoll, sockets or threads.
//
//   FakeLoop    what a loop lends to its connections, on FaultySys
//   FakeClient  one connection and its far end; play() feeds it events according to its wants
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "disk.h"
#include "loop/loop_context.h"
#include "loop/timeouts.h"
#include "serve/resources.h"
#include "server/http_connection.h"
#include "server/http_context.h"

namespace aws {

class FakeClient;

// What a FakeLoop is made of that LoopContext refers to: a base, so that it is built first.
struct FakeMachine {
  explicit FakeMachine(std::size_t blocks) : fake_disk(blocks) {}

  Disk fake_disk;
  FaultySys& kernel = fake_disk.sys;
  std::array<char, HttpContext::kScratchSize> scratch_memory{};
  FileCache file_cache{0};  // each request opens its file
};

class FakeLoop final : public FakeMachine, public LoopContext {
 public:
  explicit FakeLoop(const Resources& resources, std::size_t blocks = 8)
      : FakeMachine(blocks),
        LoopContext(kernel, scratch_memory),
        http{.loop = *this, .file_cache = file_cache, .resources = resources} {
    disk = &fake_disk.io;
    now = kernel.now();
    for (TimeoutKind* const kind :
         {&http.timeouts.greeting, &http.timeouts.idle, &http.timeouts.request,
          &http.timeouts.answer, &http.timeouts.linger}) {
      *kind = kinds_.add_kind(Timeouts::kNever);
    }
  }

  // Lets the disk have its turn and notifies connections of what is done. False if none was
  // notified and nothing is left to try again.
  bool turn();

  void advance_clock(std::int64_t us) {
    kernel.clock.monotonic_us += us;
    now = kernel.now();
  }

  void on_socket_ready(Session& session, Readiness readiness) noexcept override;
  void on_completion(Session& session) noexcept override;

  HttpContext http;

 private:
  friend class FakeClient;

  Timeouts kinds_;  // only their numbers matter: time passes by hand
  std::map<const Session*, FakeClient*> clients_;
};

class FakeClient {
 public:
  explicit FakeClient(FakeLoop& loop)
      : loop_(loop),
        connection_(std::make_unique<HttpConnection>(
            loop.http, Arrival{.socket = loop.kernel.connect(), .peer = {}, .id = 1})),
        peer_(loop.kernel.peer(connection_->socket())) {
    loop_.clients_[connection_.get()] = this;
  }
  ~FakeClient() { destroy(); }
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
          if (!has_input()) return;
          connection_->on_events({EPOLLIN});
          break;
        case Want::Write:
          if (!has_room()) return;
          connection_->on_events({EPOLLOUT});
          break;
        case Want::ReadOrWrite:
          if (!has_input() && !has_room()) return;
          connection_->on_events({has_input() ? EPOLLIN : EPOLLOUT});
          break;
        case Want::Disk:
          if (!loop_.turn()) return;
          break;
        case Want::HandOver:
          ADD_FAILURE() << "there is no other protocol";
          return;
      }
    }
    ADD_FAILURE() << "the connection runs in circles";
  }

  // Destroys the connection, as the loop does when it is closed and has no pending work.
  void destroy() {
    if (connection_ == nullptr) return;
    if (connection_->has_pending_work()) {
      if (!closed()) hand(Event::PeerGone);
      loop_.fake_disk.holds_tasks = false;
      loop_.turn();
    }
    loop_.clients_.erase(connection_.get());
    connection_.reset();
  }

  [[nodiscard]] Want want() const { return want_; }
  [[nodiscard]] bool closed() const { return want_ == Want::Close; }
  [[nodiscard]] State state() const { return connection_->state(); }
  [[nodiscard]] HttpConnection& connection() { return *connection_; }
  [[nodiscard]] FaultySys::Peer& peer() { return peer_; }
  [[nodiscard]] const std::string& output() const { return peer_.output; }

 private:
  [[nodiscard]] bool has_input() const { return !peer_.input.empty() || peer_.ends; }
  [[nodiscard]] bool has_room() const { return peer_.room > 0; }

  FakeLoop& loop_;
  std::unique_ptr<HttpConnection> connection_;
  FaultySys::Peer& peer_;
  Want want_ = Want::Read;
};

inline bool FakeLoop::turn() {
  CompletionList batch;
  batch.append(ready);
  fake_disk.turn(batch);
  const bool notifies = !batch.empty();
  notify_all(batch);
  return notifies || fake_disk.wants_turn();
}

inline void FakeLoop::on_socket_ready(Session& session, Readiness readiness) noexcept {
  clients_.at(&session)->hand(readiness.peer_gone() ? Event::PeerGone : Event::SocketReady);
}

inline void FakeLoop::on_completion(Session& session) noexcept {
  FakeClient& client = *clients_.at(&session);
  if (!client.closed()) client.hand(Event::DiskReady);
}

}  // namespace aws
