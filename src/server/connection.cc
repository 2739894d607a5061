#include "server/connection.h"

#include <spdlog/spdlog.h>

#include <cassert>
#include <cerrno>

#include "server/access_log.h"
#include "server/opening.h"
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
    if (outcome) return *outcome;
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
  if (requests_left_ == 0) return Want::Write;
  if (!has_unparsed_ && !receive()) {
    return state_ == State::ReadingRequest ? Outcome(Want::Read) : std::nullopt;
  }
  has_unparsed_ = false;
  const bool started_before = parser_.started();
  switch (parser_.feed(received_.bytes())) {
    case RequestParser::Outcome::Incomplete:
      received_.truncate(parser_.kept());
      if (parser_.started() && !started_before) wait_as(Patience::Request);
      return Want::Read;
    case RequestParser::Outcome::Complete:
      if (!started_before) request_since_us_ = loop_.now.monotonic_us;
      state_ = State::OpeningFile;
      break;
  }
  return std::nullopt;
}

// Receives once. False if nothing came; the state has changed if nothing ever will.
bool Connection::receive() {
  const ssize_t size = loop_.sys.recv(socket_.get(), loop_.scratch);
  if (size > 0) {
    received_.append(loop_.scratch.first(static_cast<std::size_t>(size)));
    return true;
  }
  if (size == 0 && parser_.started()) {
    parser_.end_of_input();
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
  if (state_ == State::ReadingRequest && parser_.started()) {
    parser_.time_out();
    state_ = State::OpeningFile;
  } else {
    close();
  }
}

// ---- OpeningFile

Connection::Outcome Connection::open_file() {
  const Request request = parser_.request(received_.bytes());
  if (loop_.stalls != nullptr) loop_.stalls->visit_is_about(request.target);
  if (!find_response(request)) {
    wait_as(Patience::Disk);
    return Want::Disk;
  }
  // An HTTP/1.0 client tells the end of a body without a length by the end of the connection.
  const bool framed = response_.body == nullptr || response_.head.is_framed();
  keep_alive_ = framed && request.keep_alive && loop_.keep_alive && !loop_.stopping;
  Persistence persistence = Persistence::Implied;
  if (!keep_alive_) {
    persistence = Persistence::Close;
  } else if (request.http_1_0) {
    persistence = Persistence::KeepAlive;
  }
  head_ = write_head(response_.head, loop_.date.at(loop_.now.wall_s), persistence);
  head_sent_ = 0;
  if (loop_.access_log != nullptr) begin_log_entry(request);
  if (loop_.tracer != nullptr) loop_.tracer->note(id_, summary(response_));

  // The request's bytes are not needed any more; what stands behind them is the next request.
  received_.drop_front(std::min(parser_.consumed(), received_.bytes().size()));
  --requests_left_;
  state_ = State::SendingHead;
  wait_as(Patience::Answer);
  return std::nullopt;
}

// Whether response_ is there: made at once, or brought by a helper.
bool Connection::find_response(const Request& request) {
  if (opening_ != nullptr) {
    response_ = opening_->take();
    opening_.reset();
    return true;
  }
  Lookup lookup{.sys = loop_.sys,
                .may_sleep = loop_.page_cache.is_plain(),
                .cache = &loop_.file_cache,
                .now_us = loop_.now.monotonic_us};
  const BodyTools tools{loop_.sys, loop_.aio, loop_.page_cache, loop_.helpers, lookup, loop_.now};
  Response response = loop_.resources.answer(request, tools, waiter_);
  if (!lookup.would_sleep) {
    response_ = std::move(response);
    return true;
  }
  ++loop_.counters.openings;
  opening_ = std::make_unique<Opening>(loop_.resources, request, tools, waiter_);
  loop_.helpers.start(*opening_, waiter_);
  return false;
}

// ---- SendingHead, SendingBody, AwaitingDisk

Connection::Outcome Connection::send_head() {
  while (head_sent_ < head_.size()) {
    const bool more = response_.body != nullptr;  // head and body share their packets
    const ssize_t sent =
        loop_.sys.send(socket_.get(), std::string_view(head_).substr(head_sent_), more);
    if (sent == -EAGAIN) return await_socket();
    if (sent < 0) {
      fail_answer(failure_of_socket(sent));
      return std::nullopt;
    }
    head_sent_ += static_cast<std::size_t>(sent);
    wait_as(Patience::Answer);
  }
  if (response_.body == nullptr) return finish_answer();
  state_ = State::SendingBody;
  return std::nullopt;
}

Connection::Outcome Connection::send_body() {
  const std::uint64_t sent_before = response_.body->sent();
  const Pump result = response_.body->pump(socket_.get());
  if (response_.body->sent() > sent_before || patience_ != Patience::Answer) {
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
      fail_answer(response_.body->failure());
      break;
  }
  return std::nullopt;
}

Connection::Outcome Connection::finish_answer() {
  ++loop_.counters.answers;
  write_log_entry();
  response_ = Response();
  std::string().swap(head_);
  parser_.reset();
  if (keep_alive_ && !loop_.stopping) {
    has_unparsed_ = !received_.empty();
    state_ = State::ReadingRequest;
    wait_as(Patience::Idle);
    return has_unparsed_ ? std::nullopt : Outcome(Want::Read);
  }
  received_ = ReceiveBuffer();
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

void Connection::fail_answer(Failure failure) {
  if (failure == Failure::PeerClosed) {
    ++loop_.counters.peer_failures;
  } else {
    ++loop_.counters.file_failures;
    spdlog::warn("{}: {}", response_.address, describe(failure));
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

void Connection::wait_as(Patience patience) {
  patience_ = patience;
  waiting_since_us_ = loop_.now.monotonic_us;
  if (patience == Patience::Request) request_since_us_ = waiting_since_us_;
}

// ---- The access log

void Connection::begin_log_entry(const Request& request) {
  log_entry_ = std::make_unique<AccessEntry>();
  log_entry_->peer = peer_.text();
  log_entry_->request_line = request.version.empty() ? ""
                                                     : std::string(request.method_name) + ' ' +
                                                           std::string(request.target) + ' ' +
                                                           std::string(request.version);
  log_entry_->referer = request[Field::Referer];
  log_entry_->user_agent = request[Field::UserAgent];
  log_entry_->status = response_.head.status;
  log_entry_->engine = response_.engine;
  log_entry_->decision = response_.decision;
}

void Connection::write_log_entry() {
  if (log_entry_ == nullptr) return;
  const Moment now = loop_.sys.now();  // a duration within one batch is not zero
  log_entry_->wall_s = now.wall_s;
  log_entry_->duration_us = now.monotonic_us - request_since_us_;
  log_entry_->body_bytes = response_.body != nullptr ? response_.body->sent() : 0;
  loop_.access_log->write(*log_entry_);
  log_entry_.reset();
}

}  // namespace aws
