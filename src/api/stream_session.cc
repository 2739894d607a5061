#include "api/stream_session.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include "os/log.h"

namespace aws {

StreamSession::StreamSession(StreamProtocol& protocol, Arrival arrival)
    : Session(protocol.loop, std::move(arrival.socket), arrival.id),
      protocol_(protocol),
      connection_(protocol.handlers.make()),
      peer_(arrival.peer) {
  connection_->session_ = this;
  protocol_.open.push_back(*this);
}

StreamSession::~StreamSession() = default;

Want StreamSession::advance(Event event) {
  in_advance_ = true;
  has_progress_ = false;
  if (!is_connected_) connect();
  switch (event) {
    case Event::SocketReady:
      flush();
      receive();
      break;
    case Event::DiskReady:  // see resume()
      break;
    case Event::PeerGone:
      on_peer_gone();
      break;
    case Event::Timeout:
      on_timeout();
      break;
  }
  if (std::exchange(offers_again_, false)) offer({});
  finish_sending();
  finish_closing();
  update_timeout();
  in_advance_ = false;
  if (offers_again_) resume();
  return next_want();
}

void StreamSession::visit(const std::function<void(ConnectionBase&)>& call) {
  guarded([&] { call(*connection_); });
}

// Calls a handler. If it throws, the connection is closed.
template <typename Call>
void StreamSession::guarded(Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    log_warning("a handler threw, its connection is closed: {}", error.what());
    fail(ECANCELED);
  }
}

void StreamSession::connect() {
  is_connected_ = true;
  start_timeout(protocol_.idle);
  if (protocol_.handlers.connect) guarded([this] { protocol_.handlers.connect(*connection_); });
}

// ---- Receiving

bool StreamSession::reads() const {
  return ending_ == Ending::No && !input_ended_ && !is_paused_ && !queue_was_full_;
}

// Reads and drops what a client sends while the connection is being closed.
void StreamSession::drop_input() {
  for (int i = 0; i < kReceivesPerIteration; ++i) {
    const ssize_t size = protocol_.loop.sys.recv(socket(), protocol_.loop.scratch);
    if (size == -EAGAIN) return;
    if (size <= 0) return close({});
  }
}

void StreamSession::receive() {
  LoopContext& loop = protocol_.loop;
  if (ending_ == Ending::Lingering) return drop_input();
  for (int i = 0; i < kReceivesPerIteration && reads(); ++i) {
    const ssize_t size = loop.sys.recv(socket(), loop.scratch);
    if (size == -EAGAIN) return;
    if (size < 0) return fail(static_cast<int>(-size));
    if (size == 0) return on_end_of_input();
    has_progress_ = true;
    offer({loop.scratch.data(), static_cast<std::size_t>(size)});
    if (static_cast<std::size_t>(size) < loop.scratch.size()) return;  // most likely all
  }
}

// Hands `fresh` to on_data, after what it has not used before, and keeps what it does not use.
void StreamSession::offer(std::string_view fresh) {
  if (unused_.empty()) {
    const std::string_view rest = offered(fresh);
    if (!rest.empty()) unused_ = rest;
  } else {
    unused_.append(fresh);
    unused_.erase(0, unused_.size() - offered(unused_).size());
    if (unused_.empty() && unused_.capacity() > kSpareMemory) unused_ = {};
  }
  const bool is_stuck = reads() && unused_.size() >= protocol_.options.receive_limit;
  if (is_stuck) fail(EMSGSIZE);
}

// Calls on_data with `bytes` until it uses none of them. Returns what is left.
std::string_view StreamSession::offered(std::string_view bytes) {
  if (!protocol_.handlers.data) return {};
  while (!bytes.empty() && ending_ == Ending::No && !is_paused_) {
    std::size_t used = 0;
    guarded([&] { used = protocol_.handlers.data(*connection_, bytes); });
    if (used == 0) break;
    bytes.remove_prefix(std::min(used, bytes.size()));
  }
  return bytes;
}

void StreamSession::on_end_of_input() {
  input_ended_ = true;
  if (protocol_.handlers.end) {
    guarded([this] { protocol_.handlers.end(*connection_); });
  } else {
    close_after_send();
  }
}

void StreamSession::pause_reading(bool paused) {
  is_paused_ = paused;
  offers_again_ = !paused;
  resume();
}

// ---- Sending

bool StreamSession::accepts() const {
  return ending_ == Ending::No && !wants_shutdown_;
}

std::size_t StreamSession::send(std::string_view bytes) {
  if (!accepts() || bytes.empty()) return 0;
  std::size_t accepted = 0;
  if (queue_.empty()) {
    const ssize_t sent = protocol_.loop.sys.send(socket(), bytes, false);
    if (sent < 0 && sent != -EAGAIN) {
      fail(static_cast<int>(-sent));
      return 0;
    }
    accepted = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    if (accepted == bytes.size()) return accepted;
  }
  const std::size_t limit = protocol_.options.send_queue_limit;
  const std::size_t room = limit - std::min(limit, queue_.size());
  const std::string_view rest = bytes.substr(accepted, room);
  queue_.append(rest);
  accepted += rest.size();
  queue_was_full_ = queue_was_full_ || accepted < bytes.size();
  resume();
  return accepted;
}

bool StreamSession::send_all(std::string_view bytes) {
  const std::size_t limit = protocol_.options.send_queue_limit;
  if (!accepts() || bytes.size() > limit) return false;
  if (bytes.size() > limit - std::min(limit, queue_.size())) {
    queue_was_full_ = true;
    resume();
    return false;
  }
  return send(bytes) == bytes.size();
}

// Sends what waits in the queue.
void StreamSession::flush() {
  while (!queue_.empty() && ending_ != Ending::Closed) {
    const ssize_t sent = protocol_.loop.sys.send(socket(), queue_.bytes(), false);
    if (sent == -EAGAIN) return;
    if (sent < 0) return fail(static_cast<int>(-sent));
    queue_.take(static_cast<std::size_t>(sent));
    has_progress_ = true;
  }
  if (!std::exchange(queue_was_full_, false) || !accepts()) return;
  if (protocol_.handlers.writable) guarded([this] { protocol_.handlers.writable(*connection_); });
  if (!unused_.empty() && !queue_was_full_) offer({});
}

void StreamSession::close_after_send() {
  if (ending_ == Ending::No) ending_ = Ending::AfterSend;
  resume();
}

void StreamSession::shutdown_write() {
  wants_shutdown_ = true;
  resume();
}

// What is due when the queue is empty.
void StreamSession::finish_sending() {
  if (!queue_.empty() || ending_ == Ending::Closed) return;
  if (wants_shutdown_ && !std::exchange(has_shut_down_, true)) {
    protocol_.loop.sys.shutdown_write(socket());
  }
  if (has_shut_down_ && input_ended_) return close({});
  if (ending_ == Ending::AfterSend || (ending_ == Ending::No && protocol_.loop.stopping)) linger();
}

// Closing a socket with unread input sends a reset, and the client would lose what it has not
// taken: so the connection is half-closed, and closed when the client has closed it, too.
void StreamSession::linger() {
  if (input_ended_) return close({});
  if (!std::exchange(has_shut_down_, true)) protocol_.loop.sys.shutdown_write(socket());
  ending_ = Ending::Lingering;
  unused_ = {};
  drop_input();
}

// ---- The end

// Either the client is gone, or the loop ends the session; the latter is no error of an idle one.
void StreamSession::on_peer_gone() {
  const int error = -protocol_.loop.sys.socket_error(socket());
  fail(error == 0 && !queue_.empty() ? ECANCELED : error);
}

void StreamSession::on_timeout() {
  if (ending_ == Ending::Lingering) return close({});
  const bool is_write = timeout_kind() == protocol_.write;
  if (!protocol_.handlers.timeout || ending_ != Ending::No) return fail(ETIMEDOUT);
  const TimeoutReason reason = is_write ? TimeoutReason::Write : TimeoutReason::Idle;
  guarded([&] { protocol_.handlers.timeout(*connection_, reason); });
  start_timeout(timeout_kind());
}

void StreamSession::close_now() {
  close({});
}

void StreamSession::fail(int error) {
  close(std::error_code(error, std::generic_category()));
}

// on_close is called, and the loop closes the socket, when the session has its turn: so no handler
// is called from within another one's.
void StreamSession::close(std::error_code error) {
  if (ending_ == Ending::Closed) return;
  ending_ = Ending::Closed;
  error_ = error;
  OpenEntry::unlink();
  queue_.clear();
  resume();
}

void StreamSession::finish_closing() {
  if (ending_ != Ending::Closed || std::exchange(on_close_called_, true)) return;
  if (protocol_.handlers.close) guarded([&] { protocol_.handlers.close(*connection_, error_); });
}

// ---- The loop

Want StreamSession::next_want() {
  const bool writes = !queue_.empty();
  if (ending_ == Ending::Closed) return Want::Close;
  if (ending_ == Ending::Lingering) return Want::Read;
  if (reads()) return writes ? Want::ReadOrWrite : Want::Read;
  return writes || queue_was_full_ ? Want::Write : Want::Disk;
}

// Starts the timeout for what the session waits for, if that has changed or the client has sent or
// taken something. A client that is sent something has to take it; any other, to send.
// Not with each byte: to move the session within the list of timeouts costs two cache misses.
void StreamSession::update_timeout() {
  TimeoutKind kind = queue_.empty() ? protocol_.idle : protocol_.write;
  if (ending_ == Ending::Lingering) kind = protocol_.linger;
  const bool is_due = protocol_.loop.now.monotonic_us - waiting_since_us() >= protocol_.slack_us;
  if (kind != timeout_kind() || (has_progress_ && is_due)) start_timeout(kind);
}

// Has the loop ask this session what it wants, if that may have changed outside of advance().
void StreamSession::resume() {
  if (!in_advance_) protocol_.loop.ready.push_back(*this);
}

// ---- ConnectionBase

std::size_t ConnectionBase::send(std::string_view bytes) {
  return session_->send(bytes);
}
bool ConnectionBase::send_all(std::string_view bytes) {
  return session_->send_all(bytes);
}
std::size_t ConnectionBase::queued() const {
  return session_->queued();
}
void ConnectionBase::close_after_send() {
  session_->close_after_send();
}
void ConnectionBase::close_now() {
  session_->close_now();
}
void ConnectionBase::shutdown_write() {
  session_->shutdown_write();
}
void ConnectionBase::pause_reading() {
  session_->pause_reading(true);
}
void ConnectionBase::resume_reading() {
  session_->pause_reading(false);
}
std::string_view ConnectionBase::received() const {
  return session_->received();
}
std::uint64_t ConnectionBase::id() const {
  return session_->id();
}
std::string ConnectionBase::peer() const {
  return session_->peer();
}

}  // namespace aws
