// StreamProtocol: what the sessions of a TcpServer share on one event loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "aws/options.h"
#include "aws/tcp_server.h"
#include "loop/event_loop.h"
#include "loop/protocol.h"
#include "os/intrusive_list.h"

namespace aws {

class StreamSession;

// Base of what is in the list of open sessions.
struct OpenEntry : Link {};

class StreamProtocol final : public Protocol {
 public:
  static constexpr std::int64_t kLingerUs = 2'000'000;
  static constexpr std::int64_t kLingerAtStopUs = 500'000;

  // All three must outlive it.
  StreamProtocol(EventLoop& event_loop, const ServerOptions& options,
                 const StreamHandlers& handlers);

  [[nodiscard]] std::unique_ptr<Session> make_session(Arrival arrival) override;
  [[nodiscard]] std::span<const TimeoutKind> idle_kinds() const override { return {&idle, 1}; }

  void on_stop() override { loop.timeouts().set_limit(linger, kLingerAtStopUs); }

  // Calls `call` for every open session of this loop.
  void for_each(const std::function<void(ConnectionBase&)>& call);

  EventLoop& loop;
  const ServerOptions& options;
  const StreamHandlers& handlers;
  TimeoutKind idle;       // the client sends nothing
  TimeoutKind write;      // the client takes nothing
  TimeoutKind linger;     // the client does not close
  std::int64_t slack_us;  // by which a timeout may come early
  IntrusiveList<OpenEntry> open;
};

}  // namespace aws
