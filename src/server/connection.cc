#include "server/connection.h"

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "http/target.h"
#include "os/log.h"
#include "server/stall_meter.h"
#include "server/tracer.h"

namespace aws {

Connection::Connection(LoopContext& loop, UniqueFd socket, const PeerAddress& peer,
                       std::uint64_t id, void* waiter)
    : loop_(loop),
      socket_(std::move(socket)),
      peer_(peer),
      id_(id),
      waiter_(waiter),
      waiting_since_us_(loop.now.monotonic_us) {}

Connection::~Connection() = default;

Want Connection::advance(Event event) {
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
      on_time_out();
    } else {
      outcome = step();
    }
    if (state_ == State::Closed) outcome = Want::Close;
    if (loop_.tracer != nullptr) loop_.tracer->record(id_, before, cause, state_, outcome);
    if (outcome) {
      cork(false);
      return *outcome;
    }
    cause.reset();
  }
}

// The one switch over the state.
Connection::Outcome Connection::step() {
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

Connection::Outcome Connection::read_request() {
  if (requests_left_ == 0) {  // its answers may well fill the socket
    wait_as(Patience::Answer);
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
        wait_as(Patience::Request);
      } else if (patience_ == Patience::Answer) {
        wait_as(Patience::Idle);
      }
      return Want::Read;
    case RequestParser::Outcome::Complete:
      if (!started_before) exchange_->request_since_us = loop_.now.monotonic_us;
      state_ = State::OpeningFile;
      break;
  }
  return std::nullopt;
}

// Whether a part of a request came.
bool Connection::has_begun() const {
  return exchange_ != nullptr && exchange_->parser.started();
}

// Receives once. False if nothing came; the state has changed if nothing ever will.
bool Connection::receive() {
  const ssize_t size = loop_.sys.recv(socket_.get(), loop_.scratch);
  loop_.file_cache.doubt();
  if (size > 0) {
    if (exchange_ == nullptr) exchange_ = loop_.exchanges.take();
    exchange_->received.append(loop_.scratch.first(static_cast<std::size_t>(size)));
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
void Connection::on_time_out() {
  if (patience_ == Patience::Answer) {
    // The socket becomes writable only when a good part of its buffer is free: a client may well
    // have taken bytes, slowly, all the time.
    const int unread = loop_.sys.unread_by_peer(socket_.get());
    if (unread >= 0 && unread < unread_) {
      unread_ = unread;
      return wait_as(Patience::Answer);
    }
    loop_.sys.reset_on_close(socket_.get());
  }
  if (state_ != State::Draining) ++loop_.counters.time_outs;
  if (state_ == State::ReadingRequest && has_begun()) {
    exchange_->parser.time_out();
    state_ = State::OpeningFile;
  } else {
    close();
  }
}

// ---- OpeningFile

Connection::Outcome Connection::open_file() {
  Exchange& exchange = *exchange_;
  const Request request = exchange.parser.request(exchange.received.bytes());
  exchange.target = request.target;
  if (loop_.stalls != nullptr) loop_.stalls->visit_is_about(exchange.target);
  if (!find_response(request)) {
    wait_as(Patience::Disk);
    return Want::Disk;
  }
  // An HTTP/1.0 client tells the end of a body without a length by the end of the connection.
  const bool framed = exchange.response.body == nullptr || exchange.response.head.is_framed();
  keep_alive_ = framed && request.keep_alive && loop_.keep_alive && !loop_.stopping;
  if (!exchange.response.head_in_body) {
    write_head(exchange.response.head, loop_.date.at(loop_.now.wall_s),
               persistence_of(keep_alive_, request.http_1_0), exchange.head);
  }
  exchange.head += exchange.response.page;
  exchange.head_sent = 0;
  if (loop_.access_log != nullptr) exchange.begin_log_entry(peer_, request);
  if (loop_.tracer != nullptr) loop_.tracer->note(id_, summary(exchange.response));

  // The request's bytes are not needed any more; what stands behind them is the next request.
  exchange.received.drop_front(
      std::min(exchange.parser.consumed(), exchange.received.bytes().size()));
  has_sent_all_ = request.is_last && exchange.received.empty();
  if (!exchange.received.empty()) cork(true);
  --requests_left_;
  state_ = State::SendingHead;
  wait_as(Patience::Answer);
  return std::nullopt;
}

// Whether the response is there: made at once, or brought by a helper.
bool Connection::find_response(const Request& request) {
  Exchange& exchange = *exchange_;
  if (exchange.opening != nullptr) {
    exchange.response = exchange.opening->take();
    exchange.opening.reset();
    return true;
  }
  Lookup lookup{.sys = loop_.sys,
                .may_sleep = loop_.page_cache.is_plain(),
                .root = &loop_.file_cache.root(),
                .cache = &loop_.file_cache,
                .now = loop_.now,
                .closers = &loop_.helpers};
  const BodyTools tools{.sys = loop_.sys,
                        .aio = loop_.aio,
                        .page_cache = loop_.page_cache,
                        .helpers = loop_.helpers,
                        .lookup = lookup,
                        .now = loop_.now,
                        .date = loop_.date.at(loop_.now.wall_s),
                        .keep_alive = loop_.keep_alive && !loop_.stopping};
  Response response = loop_.resources.answer(request, tools, waiter_);
  if (!lookup.would_sleep) {
    exchange.response = std::move(response);
    return true;
  }
  ++loop_.counters.openings;
  exchange.opening = std::make_unique<Opening>(loop_.resources, request, tools, waiter_);
  loop_.helpers.start(*exchange.opening, waiter_);
  return false;
}

// ---- SendingHead, SendingBody, AwaitingDisk

Connection::Outcome Connection::send_head() {
  Exchange& exchange = *exchange_;
  while (exchange.head_sent < exchange.head.size()) {
    const bool more = exchange.response.body != nullptr;  // head and body share their packets
    const ssize_t sent = loop_.sys.send(
        socket_.get(), std::string_view(exchange.head).substr(exchange.head_sent), more);
    if (sent == -EAGAIN) return await_socket();
    if (sent < 0) {
      fail_answer(failure_of_socket(sent));
      return std::nullopt;
    }
    exchange.head_sent += static_cast<std::size_t>(sent);
    wait_as(Patience::Answer);
  }
  if (exchange.response.body == nullptr) return finish_answer();
  state_ = State::SendingBody;
  return std::nullopt;
}

Connection::Outcome Connection::send_body() {
  Body& body = *exchange_->response.body;
  const std::uint64_t sent_before = body.sent();
  const Pump result = body.pump(socket_.get());
  if (body.sent() > sent_before || patience_ != Patience::Answer) {
    wait_as(Patience::Answer);
  }
  switch (result) {
    case Pump::AwaitSocket:
      state_ = State::SendingBody;
      return await_socket();
    case Pump::AwaitDisk:
      state_ = State::AwaitingDisk;
      wait_as(Patience::Disk);
      return Want::Disk;
    case Pump::Done:
      return finish_answer();
    case Pump::Failed:
      fail_answer(body.failure());
      break;
  }
  return std::nullopt;
}

Connection::Outcome Connection::finish_answer() {
  ++loop_.counters.answers;
  write_log_entry();
  if (keep_alive_ && !loop_.stopping) {
    has_unparsed_ = !exchange_->received.empty();
    if (has_unparsed_) {
      exchange_->end_answer();
    } else {
      exchange_.reset();
    }
    state_ = State::ReadingRequest;
    wait_as(Patience::Idle);
    return has_unparsed_ ? std::nullopt : Outcome(Want::Read);
  }
  exchange_.reset();
  if (has_sent_all_) {
    close();
    return std::nullopt;
  }
  loop_.sys.shutdown_write(socket_.get());
  state_ = State::Draining;
  wait_as(Patience::Linger);
  return std::nullopt;
}

// The client has so much to take before we can go on; see on_time_out().
Want Connection::await_socket() {
  unread_ = loop_.sys.unread_by_peer(socket_.get());
  return Want::Write;
}

// What is sent while corked leaves when the cork is drawn, in packets as full as can be.
void Connection::cork(bool on) {
  if (corked_ == on) return;
  corked_ = on;
  if (state_ != State::Closed) loop_.sys.cork(socket_.get(), on);
}

void Connection::fail_answer(Failure failure) {
  if (failure == Failure::PeerClosed) {
    ++loop_.counters.peer_failures;
  } else {
    ++loop_.counters.file_failures;
    log_warning("{}: {}", printable(exchange_->target), describe(failure));
  }
  close();
}

// ---- Draining, Closed

Connection::Outcome Connection::drain() {
  for (int i = 0; i < kReceivesPerTurn; ++i) {
    const ssize_t size = loop_.sys.recv(socket_.get(), loop_.scratch);
    if (size == -EAGAIN) return Want::Read;
    drained_ += size > 0 ? static_cast<std::size_t>(size) : 0;
    if (size <= 0 || drained_ > kDrainLimit) {
      close();
      return std::nullopt;
    }
  }
  return Want::Read;
}

void Connection::close() {
  write_log_entry();  // of an answer that was cut; it stays, since a helper may still work for it
  socket_.reset();
  state_ = State::Closed;
}

void Connection::write_log_entry() {
  if (exchange_ == nullptr || exchange_->log_entry == nullptr) return;
  exchange_->end_log_entry(loop_.sys.now());  // a duration within one batch is not zero
  loop_.access_log->write(*exchange_->log_entry);
  exchange_->log_entry.reset();
}

void Connection::wait_as(Patience patience) {
  patience_ = patience;
  waiting_since_us_ = loop_.now.monotonic_us;
  if (patience == Patience::Request) exchange_->request_since_us = waiting_since_us_;
}

}  // namespace aws
