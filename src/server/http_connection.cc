#include "server/http_connection.h"

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "loop/stall_meter.h"
#include "os/log.h"
#include "os/printable.h"
#include "server/tracer.h"

namespace aws {

HttpConnection::HttpConnection(HttpContext& context, Arrival arrival)
    : Session(context.loop, std::move(arrival.socket), arrival.id),
      context_(context),
      peer_(arrival.peer) {
  start_timeout(context_.timeouts.greeting);
  if (context_.tracer != nullptr) context_.tracer->note(id(), "accepted from " + peer_.text());
}

HttpConnection::~HttpConnection() {
  if (context_.tracer != nullptr) context_.tracer->note(id(), "destroyed");
}

Want HttpConnection::advance(Event event) {
  assert(state_ != State::Closed);
  assert(event != Event::DiskReady || state_ == State::AwaitingDisk ||
         state_ == State::OpeningFile);
  requests_left_ = kRequestsPerTurn;
  std::optional<Event> cause = event;  // nullopt: this state was entered a moment ago
  for (;;) {
    const State before = state_;
    Outcome outcome;
    if (cause == Event::PeerGone) {
      close();
    } else if (cause == Event::Timeout) {
      on_timeout();
    } else {
      outcome = step();
    }
    if (state_ == State::Closed) outcome = Want::Close;
    if (context_.tracer != nullptr) context_.tracer->record(id(), before, cause, state_, outcome);
    if (outcome) {
      cork(false);
      return *outcome;
    }
    cause.reset();
  }
}

// The one switch over the state.
HttpConnection::Outcome HttpConnection::step() {
  switch (state_) {
    case State::ReadingRequest:
      return read_request();
    case State::OpeningFile:
      return open_file();
    case State::SendingHead:
      return send_head();
    case State::SendingBody:
    case State::AwaitingDisk:
      return send_body();
    case State::Draining:
      return drain();
    case State::Closed:
      break;
  }
  return Want::Close;
}

// ---- ReadingRequest

HttpConnection::Outcome HttpConnection::read_request() {
  if (requests_left_ == 0) {  // its answers may well fill the socket
    start_timeout(context_.timeouts.answer);
    return await_socket();
  }
  if (!has_unparsed_ && !receive()) {
    return state_ == State::ReadingRequest ? Outcome(Want::Read) : std::nullopt;
  }
  has_unparsed_ = false;
  const bool started_before = exchange_->parser.started();
  switch (exchange_->parser.feed(exchange_->received.bytes())) {
    case RequestParser::Outcome::Incomplete:
      exchange_->received.truncate(exchange_->parser.kept());
      if (exchange_->parser.started() && !started_before) {
        start_request_timeout();
      } else if (timeout_kind() == context_.timeouts.answer) {
        start_timeout(context_.timeouts.idle);
      }
      return Want::Read;
    case RequestParser::Outcome::Complete:
      if (!started_before) exchange_->request_since_us = context_.loop.now.monotonic_us;
      state_ = State::OpeningFile;
      break;
  }
  return std::nullopt;
}

// Whether a part of a request came.
bool HttpConnection::has_begun() const {
  return exchange_ != nullptr && exchange_->parser.started();
}

// Receives once. False if nothing came; the state has changed if nothing ever will.
bool HttpConnection::receive() {
  const ssize_t size = context_.loop.sys.recv(socket_.get(), context_.scratch());
  context_.file_cache.doubt();
  if (size > 0) {
    if (exchange_ == nullptr) exchange_ = context_.exchanges.take();
    exchange_->received.append(context_.scratch().first(static_cast<std::size_t>(size)));
    return true;
  }
  if (size == 0 && has_begun()) {
    exchange_->parser.end_of_input();
    state_ = State::OpeningFile;
  } else if (size != -EAGAIN) {
    close();
  }
  return false;
}

// A client that began a request is told; any other is just let go.
void HttpConnection::on_timeout() {
  if (timeout_kind() == context_.timeouts.answer) {
    // The socket becomes writable only when a good part of its buffer is free: a client may well
    // have taken bytes, slowly, all the time.
    const int unread = context_.loop.sys.unread_by_peer(socket_.get());
    if (unread >= 0 && unread < unread_) {
      unread_ = unread;
      return start_timeout(context_.timeouts.answer);
    }
    context_.loop.sys.reset_on_close(socket_.get());
  }
  if (state_ != State::Draining) ++context_.counters.timeouts;
  if (state_ == State::ReadingRequest && has_begun()) {
    exchange_->parser.time_out();
    state_ = State::OpeningFile;
  } else {
    close();
  }
}

// ---- OpeningFile

HttpConnection::Outcome HttpConnection::open_file() {
  Exchange& exchange = *exchange_;
  const Request request = exchange.parser.request(exchange.received.bytes());
  exchange.target = request.target;
  if (context_.loop.stalls != nullptr) context_.loop.stalls->visit_is_about(exchange.target);
  if (!find_response(request)) {
    start_timeout(context_.timeouts.disk);
    return Want::Disk;
  }
  // An HTTP/1.0 client tells the end of a body without a length by the end of the connection.
  const bool framed = exchange.response.body == nullptr || exchange.response.head.is_framed();
  keep_alive_ = framed && request.keep_alive && context_.keep_alive && !context_.loop.stopping;
  if (!exchange.response.head_in_body) {
    write_head(exchange.response.head, context_.date.at(context_.loop.now.wall_s),
               persistence_of(keep_alive_, request.http_1_0), exchange.head);
  }
  exchange.head += exchange.response.page;
  exchange.head_sent = 0;
  if (context_.access_log != nullptr) exchange.begin_log_entry(peer_, request);
  if (context_.tracer != nullptr) context_.tracer->note(id(), summary(exchange.response));

  // The request's bytes are not needed any more; what stands behind them is the next request.
  exchange.received.drop_front(
      std::min(exchange.parser.consumed(), exchange.received.bytes().size()));
  has_sent_all_ = request.is_last && exchange.received.empty();
  if (!exchange.received.empty()) cork(true);
  --requests_left_;
  state_ = State::SendingHead;
  start_timeout(context_.timeouts.answer);
  return std::nullopt;
}

// Whether the response is there: made at once, or brought by a helper.
bool HttpConnection::find_response(const Request& request) {
  Exchange& exchange = *exchange_;
  if (exchange.opening != nullptr) {
    exchange.response = exchange.opening->take();
    exchange.opening.reset();
    return true;
  }
  LoopContext& loop = context_.loop;
  Lookup lookup{.sys = loop.sys,
                .may_sleep = loop.disk->is_plain(),
                .root = &context_.file_cache.root(),
                .cache = &context_.file_cache,
                .now = loop.now,
                .closers = &loop.disk->threads()};
  const BodyTools tools{.sys = loop.sys,
                        .disk = *loop.disk,
                        .lookup = lookup,
                        .now = loop.now,
                        .date = context_.date.at(loop.now.wall_s),
                        .keep_alive = context_.keep_alive && !loop.stopping};
  Response response = context_.resources.answer(request, tools, *this);
  if (!lookup.would_sleep) {
    exchange.response = std::move(response);
    return true;
  }
  ++context_.counters.openings;
  exchange.opening = std::make_unique<Opening>(context_.resources, request, tools, *this);
  loop.disk->threads().start(*exchange.opening, *this);
  return false;
}

// ---- SendingHead, SendingBody, AwaitingDisk

HttpConnection::Outcome HttpConnection::send_head() {
  Exchange& exchange = *exchange_;
  while (exchange.head_sent < exchange.head.size()) {
    const bool more = exchange.response.body != nullptr;  // head and body share their packets
    const ssize_t sent = context_.loop.sys.send(
        socket_.get(), std::string_view(exchange.head).substr(exchange.head_sent), more);
    if (sent == -EAGAIN) return await_socket();
    if (sent < 0) {
      fail_answer(failure_of_socket(sent));
      return std::nullopt;
    }
    exchange.head_sent += static_cast<std::size_t>(sent);
    start_timeout(context_.timeouts.answer);
  }
  if (exchange.response.body == nullptr) return finish_answer();
  state_ = State::SendingBody;
  return std::nullopt;
}

HttpConnection::Outcome HttpConnection::send_body() {
  Body& body = *exchange_->response.body;
  const std::uint64_t sent_before = body.sent();
  const Pump result = body.pump(socket_.get());
  if (body.sent() > sent_before || timeout_kind() != context_.timeouts.answer) {
    start_timeout(context_.timeouts.answer);
  }
  switch (result) {
    case Pump::AwaitSocket:
      state_ = State::SendingBody;
      return await_socket();
    case Pump::AwaitDisk:
      state_ = State::AwaitingDisk;
      start_timeout(context_.timeouts.disk);
      return Want::Disk;
    case Pump::Done:
      return finish_answer();
    case Pump::Failed:
      fail_answer(body.failure());
      break;
  }
  return std::nullopt;
}

HttpConnection::Outcome HttpConnection::finish_answer() {
  ++context_.counters.answers;
  write_log_entry();
  if (keep_alive_ && !context_.loop.stopping) {
    has_unparsed_ = !exchange_->received.empty();
    if (has_unparsed_) {
      exchange_->end_answer();
    } else {
      exchange_.reset();
    }
    state_ = State::ReadingRequest;
    start_timeout(context_.timeouts.idle);
    return has_unparsed_ ? std::nullopt : Outcome(Want::Read);
  }
  exchange_.reset();
  if (has_sent_all_) {
    close();
    return std::nullopt;
  }
  context_.loop.sys.shutdown_write(socket_.get());
  state_ = State::Draining;
  start_timeout(context_.timeouts.linger);
  return std::nullopt;
}

// The client has so much to take before we can go on; see on_timeout().
Want HttpConnection::await_socket() {
  unread_ = context_.loop.sys.unread_by_peer(socket_.get());
  return Want::Write;
}

// What is sent while corked leaves when the cork is drawn, in packets as full as can be.
void HttpConnection::cork(bool on) {
  if (corked_ == on) return;
  corked_ = on;
  if (state_ != State::Closed) context_.loop.sys.cork(socket_.get(), on);
}

void HttpConnection::fail_answer(Failure failure) {
  if (failure == Failure::PeerClosed) {
    ++context_.counters.peer_failures;
  } else {
    ++context_.counters.file_failures;
    log_warning("{}: {}", printable(exchange_->target), describe(failure));
  }
  close();
}

// ---- Draining, Closed

HttpConnection::Outcome HttpConnection::drain() {
  for (int i = 0; i < kReceivesPerTurn; ++i) {
    const ssize_t size = context_.loop.sys.recv(socket_.get(), context_.scratch());
    if (size == -EAGAIN) return Want::Read;
    drained_ += size > 0 ? static_cast<std::uint32_t>(size) : 0;
    if (size <= 0 || drained_ > kDrainLimit) {
      close();
      return std::nullopt;
    }
  }
  return Want::Read;
}

void HttpConnection::close() {
  write_log_entry();  // of an answer that was cut; it stays, since a helper may still work for it
  state_ = State::Closed;
}

void HttpConnection::write_log_entry() {
  if (exchange_ == nullptr || exchange_->log_entry == nullptr) return;
  exchange_->end_log_entry(context_.loop.sys.now());  // a duration within one batch is not zero
  context_.access_log->write(*exchange_->log_entry);
  exchange_->log_entry.reset();
}

void HttpConnection::start_request_timeout() {
  start_timeout(context_.timeouts.request);
  exchange_->request_since_us = waiting_since_us();
}

}  // namespace aws
