#include "server/server.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "os/event_fd.h"
#include "os/log.h"
#include "os/thread_sleeps.h"
#include "server/stall_report.h"
#include "server/tracer.h"

namespace aws {
namespace {

constexpr std::int64_t kNever = Acceptor::kNever;

}  // namespace

// A connection and the loop's bookkeeping about it.
struct Server::Client : public Link {
  Client(LoopContext& loop, UniqueFd socket, const PeerAddress& peer, std::uint64_t number)
      : id(number), connection(loop, std::move(socket), peer, number, this) {}

  std::uint64_t id;
  Connection connection;
  Interest armed = Interest::Read;  // what epoll watches for
  Want want = Want::Read;           // what the connection waits for
};

Server::Server(SharedState& shared, std::vector<UniqueFd> listeners, Sys& kernel)
    : shared_(shared),
      stalls_(shared.stall_watch),
      timed_(kernel, stalls_),
      sys_(shared.stall_watch.times_calls ? timed_ : kernel),
      helpers_(kernel, shared.limits.helper_threads, shared.limits.helper_queue),
      aio_(sys_, helpers_, shared.limits.aio_blocks, shared.limits.sentinels),
      page_cache_(sys_, aio_, helpers_, shared.limits.engine),
      file_cache_(shared.limits.file_cache, shared.limits.image_cache),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      scratch_{},
      loop_{.sys = sys_,
            .aio = aio_,
            .page_cache = page_cache_,
            .helpers = helpers_,
            .file_cache = file_cache_,
            .resources = shared.resources,
            .scratch = scratch_,
            .access_log = shared.access_log,
            .tracer = shared.tracer,
            .stalls = &stalls_,
            .keep_alive = shared.limits.keep_alive},
      acceptor_(shared, loop_, poller_, std::move(listeners)) {
  if (!wake_fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
  watch(wake_fd_.get(), &wake_fd_);
  watch(aio_.event_fd(), &aio_);
  watch(helpers_.event_fd(), &helpers_);
}

Server::~Server() = default;

void Server::watch(int fd, void* token) {
  const int result = poller_.add(fd, Interest::Read, token);
  if (result < 0) throw std::system_error(-result, std::generic_category(), "epoll_ctl");
}

void Server::wake() noexcept {
  announce(wake_fd_.get());
}

Server::Leftovers Server::leftovers() const {
  return {alive_ + retired_.size(), aio_.blocks_in_use(), aio_.reads_in_flight()};
}

DiskCounters Server::disk_counters() const {
  return {page_cache_.counters(), aio_.counters(), helpers_.counters(), loop_.counters.openings};
}

void Server::run() noexcept {
  while (!loop_.stopping || alive_ > 0 || !retired_.empty())
    turn();
  if (shared_.stall_watch.counts_sleeps) stalls_.falls_asleep(thread_sleeps());
  aio_.drain();
  file_cache_.clear();
}

void Server::turn() {
  const auto events = wait();
  loop_.now = sys_.now();
  stalls_.turn_begins(loop_.now.monotonic_us);
  for (const epoll_event& event : events)
    dispatch(Readiness(event));
  do_reads();
  acceptor_.tend();
  expire();
  file_cache_.expire(loop_.now.monotonic_us);
  heed_stop();
  bury();
  if (const Stall* const stall = stalls_.turn_ends(sys_.monotonic_us())) {
    log_warning("{}", describe(*stall));
  }
}

std::span<const epoll_event> Server::wait() {
  if (!shared_.stall_watch.counts_sleeps) return poller_.wait(timeout_ms());
  stalls_.falls_asleep(thread_sleeps());
  const auto events = poller_.wait(timeout_ms());
  stalls_.wakes(thread_sleeps());
  return events;
}

void Server::dispatch(const Readiness& readiness) {
  if (readiness.token == &wake_fd_) {
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t size = ::read(wake_fd_.get(), &ignored, sizeof(ignored));
  } else if (readiness.token == &aio_) {
    aio_.reap(disk_ready_);
    on_disk_ready();
  } else if (readiness.token == &helpers_) {
    helpers_.reap(disk_ready_);
    on_disk_ready();
  } else if (const Listener* const listener = acceptor_.listener_of(readiness.token)) {
    accept_from(*listener, kArrivalsPerTurn);
  } else {
    on_socket(*static_cast<Client*>(readiness.token), readiness);
  }
}

// ---- Connections

// Lets in who waits at `listener`, `most` of them at most.
void Server::accept_from(const Listener& listener, int most) {
  for (int i = 0; i < most; ++i) {
    std::optional<Acceptor::Arrival> arrival = acceptor_.accept(listener);
    if (!arrival) return;
    acceptor_.conclude(admit(std::move(*arrival)));
  }
}

// Takes `arrival` in: 0, or -errno where epoll has no room for it. Its request has often come with
// it, and it may well have its answer and be gone before epoll needs to know it.
int Server::admit(Acceptor::Arrival arrival) {
  Client& client =
      *clients_.make(loop_, std::move(arrival.socket), arrival.peer, ++shared_.last_id).release();
  ++loop_.counters.connections;
  ++alive_;
  if (shared_.tracer != nullptr) {
    shared_.tracer->note(client.id, "accepted from " + arrival.peer.text());
  }
  visit(client, Event::SocketReady);
  int result = 0;
  if (client.want != Want::Close) {
    client.armed = client.want == Want::Write ? Interest::Write : Interest::Read;
    result = poller_.add(client.connection.socket(), client.armed, &client);
    if (result < 0) client.want = client.connection.advance(Event::PeerGone);
  }
  if (client.want == Want::Close) {
    retire(client);
  } else {
    list(client);
  }
  return result;
}

void Server::on_socket(Client& client, const Readiness& readiness) {
  if (client.want == Want::Close) return;  // retired earlier in this batch
  const bool sent_more = client.want == Want::Read && readiness.is(Interest::Read);
  if (readiness.peer_gone() && !sent_more) {  // what it sent before it went comes first
    hand(client, Event::PeerGone);
  } else if (client.want == Want::Disk) {
    arm(client, Interest::None);  // it is heard again when its answer goes on
    if (client.want == Want::Close) retire(client);
  } else {
    hand(client, Event::SocketReady);
  }
}

// What io_submit(2) finds in memory is done when it returns, and who waited for it goes on at once,
// often to the next such read: that is the next turn's, after what else has come.
void Server::do_reads() {
  aio_.submit(disk_ready_);
  on_disk_ready();
}

void Server::on_disk_ready() {
  for (void* const waiter : disk_ready_) {
    Client& client = *static_cast<Client*>(waiter);
    if (client.want != Want::Close) hand(client, Event::DiskReady);
  }
  disk_ready_.clear();
}

// Hands `event` over and turns what the connection wants into epoll interest.
void Server::hand(Client& client, Event event) {
  const Connection& connection = client.connection;
  const Patience patience = connection.patience();
  const std::int64_t since = connection.waiting_since_us();
  visit(client, event);
  if (client.want == Want::Read) arm(client, Interest::Read);
  if (client.want == Want::Write) arm(client, Interest::Write);
  if (client.want == Want::Close) return retire(client);
  if (connection.patience() != patience || connection.waiting_since_us() != since) list(client);
}

void Server::visit(Client& client, Event event) {
  stalls_.visit_begins(client.id, client.connection.target());
  client.want = client.connection.advance(event);
  if (shared_.stall_watch.times_calls) stalls_.visit_ends(sys_.monotonic_us());
}

// Puts `client` last among those who wait for the same.
void Server::list(Client& client) {
  waiting_[static_cast<std::size_t>(client.connection.patience())].push_back(client);
}

// Changes what epoll watches for, if need be. Interest that is not needed any more stays until it
// gets in the way: on the usual path nothing changes.
void Server::arm(Client& client, Interest interest) {
  if (client.armed == interest) return;
  const int result = poller_.change(client.connection.socket(), interest, &client);
  if (result == 0) {
    client.armed = interest;
    return;
  }
  // Deaf, it would wait for ever.
  log_warning("a connection is closed, epoll_ctl: {}", std::strerror(-result));
  client.want = client.connection.advance(Event::PeerGone);
}

// Its socket is closed and so has left epoll; the object stays until the batch is over, since an
// event that names it may still be in there.
void Server::retire(Client& client) {
  client.unlink();
  retired_.emplace_back(&client);
  --alive_;
  acceptor_.note_end();
}

void Server::bury() {
  std::erase_if(retired_, [this](const Slab<Client>::Owner& client) {
    if (helpers_.works_for(client.get())) return false;
    if (shared_.tracer != nullptr) shared_.tracer->note(client->id, "buried");
    return true;
  });
}

// ---- Time

std::int64_t Server::limit_us(Patience patience) const {
  const ServerLimits& limits = shared_.limits;
  switch (patience) {
    case Patience::Greeting:
      return std::min(limits.header_timeout_us, limits.idle_timeout_us);
    case Patience::Idle:
      return limits.idle_timeout_us;
    case Patience::Request:
      return limits.header_timeout_us;
    case Patience::Answer:
      return limits.send_timeout_us;
    case Patience::Linger:
      return loop_.stopping ? kLingerAtStopUs : kLingerUs;
    case Patience::Disk:
    case Patience::kCount:
      break;
  }
  return kNever;
}

void Server::expire() {
  for (std::size_t i = 0; i < kPatienceCount; ++i) {
    const std::int64_t limit = limit_us(static_cast<Patience>(i));
    if (limit == kNever) continue;
    while (Client* const client = waiting_[i].front()) {
      if (loop_.now.monotonic_us - client->connection.waiting_since_us() < limit) break;
      hand(*client, Event::Timeout);
    }
  }
}

// How long the loop may sleep: until the first limit is reached.
int Server::timeout_ms() const {
  if (aio_.has_unfinished()) return 1;  // the kernel had no room: try again soon
  if (aio_.has_queued()) return 0;
  std::int64_t next_us = acceptor_.next_tending_us();
  if (loop_.stopping && alive_ > 0) next_us = std::min(next_us, stop_deadline_us_);
  for (std::size_t i = 0; i < kPatienceCount; ++i) {
    const std::int64_t limit = limit_us(static_cast<Patience>(i));
    const Client* const client = waiting_[i].front();
    if (client == nullptr || limit == kNever) continue;
    next_us = std::min(next_us, client->connection.waiting_since_us() + limit);
  }
  if (!file_cache_.empty()) next_us = std::min(next_us, file_cache_.next_expiry_us());
  if (next_us == kNever) return -1;
  const std::int64_t left_us = std::max<std::int64_t>(next_us - loop_.now.monotonic_us, 0);
  return static_cast<int>(std::min<std::int64_t>((left_us + 999) / 1000, 60'000));
}

// ---- Stopping

void Server::heed_stop() {
  const Stop stop = shared_.stop.load();
  if (stop == Stop::No) return;
  if (!loop_.stopping) begin_stop();
  if (stop == Stop::AtOnce || loop_.now.monotonic_us >= stop_deadline_us_) end_all();
}

// Who was let in by the kernel already is still served; who is idle is let go, unless a request
// is just arriving.
void Server::begin_stop() {
  loop_.stopping = true;
  for (const Listener& listener : acceptor_.listeners())
    accept_from(listener, std::numeric_limits<int>::max());
  acceptor_.close();
  stop_deadline_us_ = loop_.now.monotonic_us + shared_.limits.grace_us;
  for (const Patience patience : {Patience::Greeting, Patience::Idle}) {
    IntrusiveList<Client>& idle = waiting_[static_cast<std::size_t>(patience)];
    while (Client* const client = idle.front()) {
      hand(*client, Event::SocketReady);
      if (idle.front() == client) hand(*client, Event::PeerGone);
    }
  }
}

void Server::end_all() {
  if (alive_ > 0) log_warning("{} connections are cut", alive_);
  for (IntrusiveList<Client>& list : waiting_) {
    while (Client* const client = list.front())
      hand(*client, Event::PeerGone);
  }
}

}  // namespace aws
