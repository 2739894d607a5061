#include "loop/acceptor.h"

#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include "loop/event_loop.h"
#include "os/log.h"

namespace aws {

Acceptor::Acceptor(EventLoop& loop, Poller& poller, std::vector<UniqueFd> sockets,
                   std::unique_ptr<Protocol> protocol)
    : loop_(loop), poller_(poller), protocol_(std::move(protocol)) {
  for (UniqueFd& socket : sockets) {
    Listener& listener = listeners_.emplace_back(*this, std::move(socket));
    const int result = poller_.add(listener.socket.get(), listener.interest, listener);
    if (result < 0) throw std::system_error(-result, std::generic_category(), "epoll_ctl");
  }
}

void Acceptor::accept_from(const Listener& listener, int most) {
  for (int i = 0; i < most; ++i) {
    if (paused_ || !listener.socket || !accept_one(listener)) return;
  }
}

// Returns whether to go on: false if no client waits, or there is no room.
bool Acceptor::accept_one(const Listener& listener) {
  if (!loop_.reserve_connection()) {
    pause();
    return false;
  }
  sockaddr_storage peer{};
  const int result = loop_.sys.accept(listener.socket.get(), peer);
  if (result < 0) {
    loop_.release_connection();
    if (result == -EAGAIN || result == -ECONNABORTED)
      return false;  // the latter: epoll tells again
    const bool lacks_descriptors = result == -EMFILE || result == -ENFILE;
    if (lacks_descriptors && protocol_->release_descriptors()) return true;
    report_no_room(result);
    return false;
  }
  if (protocol_->clients_send_first()) defer_policy_.note_arrival(loop_.now.monotonic_us);
  std::unique_ptr<Session> session = protocol_->make_session(
      {.socket = UniqueFd(result), .peer = PeerAddress(peer), .id = loop_.next_id()});
  const int added = loop_.add_reserved(std::move(session));
  if (added < 0) {
    report_no_room(added);
  } else {
    reported_no_room_ = false;
  }
  return true;
}

void Acceptor::report_no_room(int error) {
  if (!reported_no_room_) {
    log_warning("cannot accept: {}; trying again when a connection closes", std::strerror(-error));
  }
  reported_no_room_ = true;
  pause();
}

void Acceptor::pause() {
  paused_ = true;
  closed_at_pause_ = loop_.sessions_closed();
  watch_listeners();
}

void Acceptor::on_tick() {
  protocol_->on_tick();
  update_defer_policy();
  const bool closed_since = paused_ && loop_.sessions_closed() != closed_at_pause_;
  if (!closed_since && loop_.now.monotonic_us < retry_us_) return;
  paused_ = false;
  watch_listeners();
}

void Acceptor::update_defer_policy() {
  if (!protocol_->clients_send_first()) return;
  defer_policy_.update(loop_.now.monotonic_us);
  if (defer_policy_.is_on() == deferring_) return;
  deferring_ = defer_policy_.is_on();
  for (const Listener& listener : listeners_) {
    if (listener.socket) loop_.sys.defer_accept(listener.socket.get(), deferring_);
  }
}

// Watches the listening sockets unless paused. If epoll refuses, it tries again after kPauseUs:
// otherwise they would never be accepted from, or never let the loop sleep.
void Acceptor::watch_listeners() {
  const Interest wanted = paused_ ? Interest::None : Interest::Read;
  const std::int64_t later_us = loop_.now.monotonic_us + kPauseUs;
  retry_us_ = paused_ ? later_us : Timeouts::kNever;
  for (Listener& listener : listeners_) {
    if (listener.interest == wanted || !listener.socket) continue;
    if (poller_.change(listener.socket.get(), wanted, listener) == 0) {
      listener.interest = wanted;
    } else {
      retry_us_ = later_us;
    }
  }
}

void Acceptor::stop() {
  for (Listener& listener : listeners_) {
    accept_from(listener, std::numeric_limits<int>::max());
    listener.socket.reset();
  }
  paused_ = false;
  retry_us_ = Timeouts::kNever;
}

}  // namespace aws
