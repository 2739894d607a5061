#include "server/acceptor.h"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "os/log.h"

namespace aws {

Acceptor::Acceptor(SharedState& shared, LoopContext& loop, Poller& poller,
                   std::vector<UniqueFd> sockets)
    : shared_(shared), loop_(loop), poller_(poller) {
  listeners_.reserve(sockets.size());  // their addresses are tokens
  for (UniqueFd& socket : sockets) {
    Listener& listener = listeners_.emplace_back(Listener{std::move(socket)});
    const int result = poller_.add(listener.socket.get(), listener.armed, &listener);
    if (result < 0) throw std::system_error(-result, std::generic_category(), "epoll_ctl");
  }
}

Listener* Acceptor::listener_of(const void* token) {
  for (Listener& listener : listeners_) {
    if (token == &listener) return &listener;
  }
  return nullptr;
}

std::optional<Acceptor::Arrival> Acceptor::accept(const Listener& listener) {
  while (!paused_ && listener.socket) {
    if (shared_.connections.fetch_add(1) >= shared_.limits.max_connections) {
      --shared_.connections;
      pause();
      break;
    }
    sockaddr_storage peer{};
    const int result = loop_.sys.accept(listener.socket.get(), peer);
    if (result >= 0) {
      rush_.note_arrival(loop_.now.monotonic_us);
      return Arrival{UniqueFd(result), PeerAddress(peer)};
    }
    --shared_.connections;
    if (result == -EAGAIN || result == -ECONNABORTED) break;  // the latter: if more wait, again
    const bool lacks_descriptors = result == -EMFILE || result == -ENFILE;
    if (!lacks_descriptors || loop_.file_cache.empty()) {
      tell_no_room(result);
      break;
    }
    loop_.file_cache.clear();  // that may be what it takes
  }
  return std::nullopt;
}

void Acceptor::conclude(int result) {
  if (result == 0) {
    told_no_room_ = false;
  } else {
    tell_no_room(result);
  }
}

void Acceptor::tell_no_room(int error) {
  if (!told_no_room_) {
    log_warning("cannot accept: {}; going on when a connection ends", std::strerror(-error));
  }
  told_no_room_ = true;
  pause();
}

void Acceptor::note_end() {
  --shared_.connections;
  if (paused_) next_try_us_ = 0;
}

void Acceptor::pause() {
  paused_ = true;
  arm();
}

void Acceptor::tend() {
  heed_rush();
  if (loop_.now.monotonic_us < next_try_us_) return;
  paused_ = false;
  arm();
}

void Acceptor::heed_rush() {
  rush_.judge(loop_.now.monotonic_us);
  if (rush_.is_on() == deferring_) return;
  deferring_ = rush_.is_on();
  for (const Listener& listener : listeners_) {
    if (listener.socket) loop_.sys.defer_accept(listener.socket.get(), deferring_);
  }
}

// Has epoll watch the listeners as long as there is room. Where it refuses, they would be deaf for
// ever, or not let the loop sleep: so once more after a while.
void Acceptor::arm() {
  const Interest wanted = paused_ ? Interest::None : Interest::Read;
  const std::int64_t later_us = loop_.now.monotonic_us + kPauseUs;
  next_try_us_ = paused_ ? later_us : kNever;
  for (Listener& listener : listeners_) {
    if (listener.armed == wanted) continue;
    if (poller_.change(listener.socket.get(), wanted, &listener) == 0) {
      listener.armed = wanted;
    } else {
      next_try_us_ = later_us;
    }
  }
}

void Acceptor::close() {
  for (Listener& listener : listeners_)
    listener.socket.reset();
  paused_ = false;
  next_try_us_ = kNever;
}

}  // namespace aws
