#include "api/stream_protocol.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "api/stream_session.h"

namespace aws {
namespace {

constexpr std::int64_t kSlackShare = 64;  // of a limit: one in so many

std::int64_t limit_us(std::chrono::milliseconds limit) {
  const bool unlimited = limit.count() <= 0;
  return unlimited ? Timeouts::kNever : std::chrono::microseconds(limit).count();
}

}  // namespace

StreamProtocol::StreamProtocol(EventLoop& event_loop, const ServerOptions& chosen,
                               const StreamHandlers& callbacks)
    : loop(event_loop),
      options(chosen),
      handlers(callbacks),
      idle(loop.timeouts().add_kind(limit_us(options.idle_timeout))),
      write(loop.timeouts().add_kind(limit_us(options.write_timeout))),
      linger(loop.timeouts().add_kind(kLingerUs)),
      slack_us(std::min(limit_us(options.idle_timeout), limit_us(options.write_timeout)) /
               kSlackShare) {}

std::unique_ptr<Session> StreamProtocol::make_session(Arrival arrival) {
  return std::make_unique<StreamSession>(*this, std::move(arrival));
}

void StreamProtocol::for_each(const std::function<void(ConnectionBase&)>& call) {
  // A call may close connections. Their sessions are not destroyed within this iteration.
  std::vector<StreamSession*> sessions;
  for (OpenEntry* entry = open.front(); entry != nullptr; entry = open.next(*entry))
    sessions.push_back(static_cast<StreamSession*>(entry));
  for (StreamSession* const session : sessions) {
    if (session->is_open()) session->visit(call);
  }
}

}  // namespace aws
