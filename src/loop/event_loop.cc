#include "loop/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "loop/stall_report.h"
#include "os/event_fd.h"
#include "os/log.h"
#include "os/thread_sleeps.h"

namespace aws {
namespace {

bool times_calls(const LoopOptions& options) {
  return options.stall_watch && options.stall_watch->times_calls;
}

}  // namespace

EventLoop::EventLoop(LoopSharedState& shared, Sys& kernel)
    : LoopContext(times_calls(shared.options) ? timed_sys_ : kernel, scratch_),
      shared_(shared),
      stall_watch_(shared.options.stall_watch.value_or(StallWatch{})),
      stall_meter_(stall_watch_),
      timed_sys_(kernel, stall_meter_),
      scratch_{} {
  watch(timer_.fd(), timer_source_);
  if (shared.options.stall_watch) stalls = &stall_meter_;
  if (!shared.options.disk) {
    own_wake_fd_.reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    wake_fd_ = own_wake_fd_.get();
    if (wake_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    watch(wake_fd_, wake_source_);
    return;
  }
  disk = &disk_io_.emplace(sys, kernel, *shared.options.disk);
  watch(disk->aio().event_fd(), reads_source_);
  watch(disk->threads().event_fd(), tasks_source_);
  wake_fd_ = disk->threads().event_fd();  // one descriptor serves both
}

EventLoop::~EventLoop() = default;

void EventLoop::serve(std::vector<UniqueFd> sockets, std::unique_ptr<Protocol> protocol) {
  acceptors_.push_back(
      std::make_unique<Acceptor>(*this, poller_, std::move(sockets), std::move(protocol)));
}

void EventLoop::watch(int fd, EventSource& source) {
  const int result = poller_.add(fd, Interest::Read, source);
  if (result < 0) throw std::system_error(-result, std::generic_category(), "epoll_ctl");
}

void EventLoop::wake() noexcept {
  announce(wake_fd_);
}

void EventLoop::post(std::function<void()> call) {
  posted_.push(std::move(call));
  wake();
}

EventLoop::Leftovers EventLoop::leftovers() const {
  const std::size_t sessions = alive_ + closed_.size();
  if (!disk_io_) return {.sessions = sessions};
  return {sessions, disk_io_->aio().blocks_in_use(), disk_io_->aio().reads_in_flight()};
}

void EventLoop::run() noexcept {
  thread_ = std::this_thread::get_id();
  while (!stopping || alive_ > 0 || !closed_.empty())
    iterate();
  if (stall_watch_.counts_sleeps) stall_meter_.falls_asleep(thread_sleeps());
  if (disk_io_) disk_io_->aio().drain();
  thread_ = std::thread::id();
}

void EventLoop::iterate() {
  const auto events = wait();
  now = sys.now();
  if (stalls != nullptr) stall_meter_.turn_begins(now.monotonic_us);
  check_stop();  // first: a request that comes after a stop is the last of its connection
  const bool timer_is_due = timer_.at_us() <= now.monotonic_us;  // no deadline is earlier
  for (const epoll_event& event : events)
    Poller::dispatch(event);
  submit_reads();
  if (timer_is_due) expire_timeouts();
  if (disk_io_ && disk_io_->threads().next_check_us() <= now.monotonic_us) {
    disk_io_->threads().check_hung(now.monotonic_us);
  }
  for (const auto& acceptor : acceptors_)
    acceptor->on_tick();
  check_stop();  // again: the wake-up of a stop may have been read since
  notify_ready();
  destroy_closed();
  if (stalls == nullptr) return;
  if (const Stall* const stall = stall_meter_.turn_ends(sys.monotonic_us())) {
    log_warning("{}", describe(*stall));
  }
}

std::span<const epoll_event> EventLoop::wait() {
  set_timer();
  if (!stall_watch_.counts_sleeps) return poller_.wait(longest_sleep_ms());
  stall_meter_.falls_asleep(thread_sleeps());
  const auto events = poller_.wait(longest_sleep_ms());
  stall_meter_.wakes(thread_sleeps());
  return events;
}

// -1: until an event comes. What is due at a time is an event of the timer.
int EventLoop::longest_sleep_ms() const {
  if (!ready.empty()) return 0;
  if (!disk_io_) return -1;
  if (disk_io_->aio().has_unfinished()) return 1;  // the kernel had no room: again soon
  return disk_io_->aio().has_queued() ? 0 : -1;
}

// Has the timer fire when something is due.
void EventLoop::set_timer() {
  std::int64_t next_us = timeouts_.next_deadline_us();
  for (const auto& acceptor : acceptors_)
    next_us = std::min(next_us, acceptor->next_tick_us());
  if (stopping && alive_ > 0) next_us = std::min(next_us, stop_deadline_us_);
  if (disk_io_) next_us = std::min(next_us, disk_io_->threads().next_check_us());
  timer_.fire_by(next_us);
}

// ---- Sources of events

void EventLoop::on_wake() {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t size = ::read(wake_fd_, &ignored, sizeof(ignored));
  posted_.run();
}

void EventLoop::on_reads_done() {
  disk_io_->aio().reap(ready);
  notify_ready();
}

void EventLoop::on_tasks_done() {
  disk_io_->threads().reap(ready);
  notify_ready();
  posted_.run();
}

// io_submit(2) completes reads of data in memory before it returns. Their sessions resume now;
// reads that they queue go into the next iteration, after other events.
void EventLoop::submit_reads() {
  if (!disk_io_) return;
  disk_io_->aio().submit(ready);
  notify_ready();
}

// Completions that become ready meanwhile are notified in the next iteration.
void EventLoop::notify_ready() {
  if (ready.empty()) return;
  CompletionList batch;
  batch.append(ready);
  notify_all(batch);
}

// ---- Sessions

int EventLoop::add(std::unique_ptr<Session> session) {
  ++sessions_opened_;
  return start(std::move(session));
}

int EventLoop::start(std::unique_ptr<Session> session) {
  Session& added = *session.release();  // defer_destruction() takes it back
  ++alive_;
  advance(added, Event::SocketReady);  // its first bytes have often come with it
  int result = 0;
  if (added.want_ != Want::Close && added.want_ != Want::HandOver) result = watch_new(added);
  if (result < 0) advance(added, Event::PeerGone);
  if (added.want_ == Want::HandOver) {
    result = hand_over(added);
  } else if (added.want_ == Want::Close) {
    close_session(added);
  } else {
    timeouts_.restart(added);
  }
  return result;
}

int EventLoop::add_reserved(std::unique_ptr<Session> session) {
  session->counted_ = true;
  return add(std::move(session));
}

bool EventLoop::reserve_connection() {
  if (shared_.connections.fetch_add(1) < shared_.options.max_connections) return true;
  --shared_.connections;
  return false;
}

void EventLoop::on_socket_ready(Session& session, Readiness readiness) noexcept {
  if (session.want_ == Want::Close) return;  // closed earlier in this iteration
  const bool reads = session.want_ == Want::Read || session.want_ == Want::ReadOrWrite;
  const bool has_input = reads && readiness.is(Interest::Read);
  if (readiness.peer_gone() && !has_input) {  // what the peer sent before it left comes first
    deliver_event(session, Event::PeerGone);
  } else if (session.want_ == Want::Disk) {
    set_interest(session, Interest::None);  // until the session wants the socket again
    if (session.want_ == Want::Close) close_session(session);
  } else {
    deliver_event(session, Event::SocketReady);
  }
}

void EventLoop::on_completion(Session& session) noexcept {
  if (session.want_ != Want::Close) deliver_event(session, Event::DiskReady);
}

// Hands `event` over and turns what the session wants into epoll interest.
void EventLoop::deliver_event(Session& session, Event event) {
  const TimeoutKind kind = session.timeout_kind();
  const std::int64_t since = session.waiting_since_us();
  advance(session, event);
  if (session.want_ == Want::Read) set_interest(session, Interest::Read);
  if (session.want_ == Want::Write) set_interest(session, Interest::Write);
  if (session.want_ == Want::ReadOrWrite) set_interest(session, Interest::ReadOrWrite);
  if (session.want_ == Want::HandOver) {
    hand_over(session);
  } else if (session.want_ == Want::Close) {
    close_session(session);
  } else if (session.timeout_kind() != kind || session.waiting_since_us() != since) {
    timeouts_.restart(session);
  }
}

void EventLoop::advance(Session& session, Event event) {
  if (stalls != nullptr) stall_meter_.visit_begins(session.id(), session.subject());
  session.want_ = session.advance(event);
  if (event == Event::PeerGone) session.want_ = Want::Close;
  if (stall_watch_.times_calls) stall_meter_.visit_ends(sys.monotonic_us());
}

// Changes what epoll watches for, if necessary. Interest that is not needed any more stays until it
// fires: on the usual path nothing changes.
void EventLoop::set_interest(Session& session, Interest interest) {
  if (session.interest_ == interest) return;
  const int result = poller_.change(session.socket(), interest, session);
  if (result == 0) {
    session.interest_ = interest;
    return;
  }
  // With the wrong interest it would never wake.
  log_warning("a connection is closed, epoll_ctl: {}", std::strerror(-result));
  advance(session, Event::PeerGone);
}

// Has epoll watch a session's socket for the first time. Returns 0 or -errno.
int EventLoop::watch_new(Session& session) {
  session.interest_ = Interest::Read;
  if (session.want_ == Want::Write) session.interest_ = Interest::Write;
  if (session.want_ == Want::ReadOrWrite) session.interest_ = Interest::ReadOrWrite;
  session.watched_ = true;
  return poller_.add(session.socket(), session.interest_, session);
}

// Another session takes over the socket of `session`, and its place among the connections. Returns
// as add() does.
int EventLoop::hand_over(Session& session) {
  std::unique_ptr<Session> next = session.successor();
  assert(next != nullptr);
  next->counted_ = std::exchange(session.counted_, false);
  session.want_ = Want::Close;
  defer_destruction(session);
  if (!session.watched_) return start(std::move(next));
  Session& added = *next.release();
  ++alive_;
  added.watched_ = true;
  added.interest_ = session.interest_;
  timeouts_.restart(added);
  // The same interest, for another source.
  const int result = poller_.change(added.socket(), added.interest_, added);
  deliver_event(added, result == 0 ? Event::SocketReady : Event::PeerGone);
  return result;
}

void EventLoop::close_session(Session& session) {
  if (session.watched_) poller_.remove(session.socket());
  session.socket_.reset();
  ++sessions_closed_;
  if (session.counted_) release_connection();
  defer_destruction(session);
}

// Has `session`, which is not called any more, destroyed at the end of the iteration: an event of
// the same batch may still name it.
void EventLoop::defer_destruction(Session& session) {
  session.TimeoutEntry::unlink();
  session.Completion::unlink();
  closed_.emplace_back(&session);
  --alive_;
}

void EventLoop::expire_timeouts() {
  while (TimeoutEntry* const entry = timeouts_.expired(now.monotonic_us)) {
    timeouts_.restart(*entry, now.monotonic_us);  // a session may choose to wait once more
    deliver_event(static_cast<Session&>(*entry), Event::Timeout);
  }
}

void EventLoop::destroy_closed() {
  if (closed_.empty()) return;
  std::erase_if(closed_, [](const std::unique_ptr<Session>& session) {
    return !session->has_pending_work();
  });
}

// ---- Stopping

void EventLoop::check_stop() {
  const Stop stop = shared_.stop.load();
  if (stop == Stop::No) return;
  if (!stopping) begin_stop();
  if (stop == Stop::AtOnce || now.monotonic_us >= stop_deadline_us_) end_all();
}

// Connections that the kernel has accepted are still served.
void EventLoop::begin_stop() {
  stopping = true;
  stop_deadline_us_ = now.monotonic_us + shared_.options.grace_us;
  for (const auto& acceptor : acceptors_) {
    acceptor->protocol().on_stop();
    acceptor->stop();
  }
  for (const auto& acceptor : acceptors_) {
    for (const TimeoutKind kind : acceptor->protocol().idle_kinds())
      end_idle(kind);
  }
}

// Ends the sessions that wait for `kind`, unless what they wait for has just come.
void EventLoop::end_idle(TimeoutKind kind) {
  while (TimeoutEntry* const entry = timeouts_.longest_waiting(kind)) {
    auto& session = static_cast<Session&>(*entry);
    deliver_event(session, Event::SocketReady);
    const bool is_idle = session.want_ != Want::Close && session.timeout_kind() == kind;
    if (is_idle) deliver_event(session, Event::PeerGone);
  }
}

void EventLoop::end_all() {
  if (alive_ > 0) log_warning("{} connections are cut", alive_);
  while (TimeoutEntry* const entry = timeouts_.any())
    deliver_event(static_cast<Session&>(*entry), Event::PeerGone);
}

}  // namespace aws
