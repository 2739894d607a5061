// Protocols for tests of the loop, none of them HTTP.
//
//   EchoSession      sends back what it receives
//   ScriptedSession  does what the test writes down
//   TestProtocol     makes the sessions that the test wants
#pragma once

#include <cerrno>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loop/protocol.h"
#include "loop/session.h"

namespace aws {

class EchoSession final : public Session {
 public:
  // Sends `received` first: what another session received and did not use.
  EchoSession(LoopContext& loop, UniqueFd socket, std::uint64_t id, std::string received = {})
      : Session(loop, std::move(socket), id), loop_(loop), unsent_(std::move(received)) {}

  // Counts the time between a client's bytes as time of `kind`.
  void idle_as(TimeoutKind kind) {
    idle_kind_ = kind;
    start_timeout(kind);
  }

  Want advance(Event event) override {
    if (event == Event::PeerGone || event == Event::Timeout) return Want::Close;
    start_timeout(idle_kind_);
    for (;;) {
      if (unsent_.empty()) {
        const ssize_t size = loop_.sys.recv(socket(), loop_.scratch);
        if (size == -EAGAIN) return Want::Read;
        if (size <= 0) return Want::Close;
        unsent_.assign(loop_.scratch.data(), static_cast<std::size_t>(size));
      }
      const ssize_t sent = loop_.sys.send(socket(), unsent_, false);
      if (sent == -EAGAIN) return Want::Write;
      if (sent < 0) return Want::Close;
      unsent_.erase(0, static_cast<std::size_t>(sent));
    }
  }

 private:
  LoopContext& loop_;
  std::string unsent_;
  TimeoutKind idle_kind_ = kNoTimeout;
};

class ScriptedSession final : public Session {
 public:
  using Script = std::function<Want(ScriptedSession&, Event)>;

  ScriptedSession(LoopContext& loop, UniqueFd socket, std::uint64_t id, Script script)
      : Session(loop, std::move(socket), id), loop_(loop), script_(std::move(script)) {}
  ~ScriptedSession() override {
    if (on_destruction) on_destruction();
  }

  Want advance(Event event) override { return script_(*this, event); }
  std::unique_ptr<Session> successor() override { return std::move(next); }

  // What a script does.
  using Session::start_timeout;
  [[nodiscard]] LoopContext& loop() { return loop_; }
  [[nodiscard]] UniqueFd take_socket() { return std::move(socket_); }
  // Whatever has come; empty if nothing has, or at the end.
  [[nodiscard]] std::string receive() {
    const ssize_t size = loop_.sys.recv(socket(), loop_.scratch);
    return size > 0 ? std::string(loop_.scratch.data(), static_cast<std::size_t>(size)) : "";
  }
  [[nodiscard]] ssize_t send(std::string_view bytes) {
    return loop_.sys.send(socket(), bytes, false);
  }
  // Hands the socket over to an EchoSession, which sends `received` first.
  [[nodiscard]] Want hand_over_to_echo(std::string received) {
    next = std::make_unique<EchoSession>(loop_, take_socket(), id(), std::move(received));
    return Want::HandOver;
  }

  std::unique_ptr<Session> next;  // the successor
  std::function<void()> on_destruction;

 private:
  LoopContext& loop_;
  Script script_;
};

class TestProtocol final : public Protocol {
 public:
  using Maker = std::function<std::unique_ptr<Session>(Arrival)>;

  explicit TestProtocol(Maker maker) : maker_(std::move(maker)) {}

  std::unique_ptr<Session> make_session(Arrival arrival) override {
    return maker_(std::move(arrival));
  }
  [[nodiscard]] bool clients_send_first() const override { return sends_first; }
  [[nodiscard]] std::span<const TimeoutKind> idle_kinds() const override { return idle; }
  bool release_descriptors() override {
    if (held_descriptors == 0) return false;
    --held_descriptors;
    return true;
  }
  void on_tick() override { ++ticks; }
  [[nodiscard]] std::int64_t next_tick_us() const override { return next_tick; }
  void on_stop() override {
    if (when_stopped) when_stopped();
  }

  bool sends_first = false;
  std::vector<TimeoutKind> idle;
  int held_descriptors = 0;  // that can be released, one at a time
  int ticks = 0;
  std::int64_t next_tick = Timeouts::kNever;
  std::function<void()> when_stopped;

 private:
  Maker maker_;
};

}  // namespace aws
