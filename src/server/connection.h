// Connection: the state machine that one client meets.
//
// It never calls upward: it is handed an Event, does a bounded amount of I/O, and returns what it
// Wants next. It knows nothing of epoll, of other connections, or of who owns it; the loop's
// thread alone calls it.
//
//  state (want)           SocketReady                        DiskReady      PeerGone / Timeout
//  ---------------------  ---------------------------------  -------------  ---------------------
//  ReadingRequest (Read)  recv, parse: incomplete → stay;    assert         Closed (408 first, if
//                         complete or malformed →                           part of a request
//                         OpeningFile; end of input →                       came)
//                         Closed (400 first, likewise)
//  OpeningFile (Disk)     no interest                        the file, or   Closed; an errand
//                                                            its error as   under way keeps it
//                                                            a status →     from its burial
//                                                            SendingHead
//  SendingHead (Write)    send: short → stay; all →          assert         Closed; at a Timeout
//                         SendingBody, or as Done; error →                  stay, if the client
//                         Closed                                            took bytes meanwhile
//  SendingBody (Write)    pump: AwaitSocket → stay;          assert         as SendingHead
//                         AwaitDisk → AwaitingDisk;
//                         Done → ReadingRequest, if the
//                         connection is kept (bytes that
//                         came meanwhile are parsed at
//                         once); Closed, if the client
//                         said that it had sent all;
//                         else Draining;
//                         Failed → Closed
//  AwaitingDisk (Disk)    no interest                        pump, as       Closed; a read in
//                                                            above          flight is orphaned,
//                                                                           an errand as above
//  Draining (Read)        recv, discard: end of input or     assert         Closed
//                         the limit → Closed
//
// The next state is tried at once and never waited for, but for ReadingRequest when nothing has
// come yet: a small request costs one recv, and one send each for head and body. OpeningFile waits
// only for paths that the kernel does not have in its cache: a helper thread looks these up.
//
// Who has had its share of a turn stays where it is and wants to Write: a writable socket is
// reported again at once, behind the others.
//
// Answers to requests that came together leave together: the socket is corked for them, until there
// is something to wait for.
//
// Draining shuts the writing side first and reads on for a while, since closing a socket with
// unread input sends a reset, and the client would lose the end of its answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "os/peer_address.h"
#include "os/unique_fd.h"
#include "server/exchange.h"
#include "server/loop_context.h"
#include "server/vocabulary.h"

namespace aws {

class Connection {
 public:
  // Owns `socket`. `loop` must outlive it. `waiter` is how the
  // loop finds it again, when its read or errand is done.
  Connection(LoopContext& loop, UniqueFd socket, const PeerAddress& peer, std::uint64_t id,
             void* waiter);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Does what `event` makes possible and returns what to wait for. After Close it is Closed, its
  // socket is closed, and it must not be called again; nor be destroyed while loop.helpers work for
  // `waiter`.
  [[nodiscard]] Want advance(Event event);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Patience patience() const { return patience_; }
  // Since when (Moment::monotonic_us) it has been waiting for what patience() says.
  [[nodiscard]] std::int64_t waiting_since_us() const { return waiting_since_us_; }
  [[nodiscard]] int socket() const { return socket_.get(); }
  // Of the request whose answer is under way, as sent; empty: none. Valid until advance().
  [[nodiscard]] std::string_view target() const {
    return exchange_ != nullptr ? std::string_view(exchange_->target) : std::string_view();
  }

 private:
  static constexpr int kRequestsPerTurn = 16;  // pipelined ones; then others have their turn
  static constexpr std::size_t kDrainLimit = 16 * 1024 * 1024;  // bytes read and dropped
  static constexpr int kReceivesPerTurn = 16;                   // while draining

  // What a state's work came to: something to wait for, or nullopt: the next state, at once.
  using Outcome = std::optional<Want>;

  [[nodiscard]] Outcome step();
  [[nodiscard]] Outcome read_request();
  [[nodiscard]] Outcome open_file();
  [[nodiscard]] bool find_response(const Request& request);
  [[nodiscard]] Outcome send_head();
  [[nodiscard]] Outcome send_body();
  [[nodiscard]] Outcome drain();

  [[nodiscard]] bool has_begun() const;
  [[nodiscard]] bool receive();
  void on_time_out();
  [[nodiscard]] Outcome finish_answer();
  void fail_answer(Failure failure);
  void wait_as(Patience patience);
  [[nodiscard]] Want await_socket();
  void cork(bool on);
  void close();
  void write_log_entry();

  LoopContext& loop_;
  UniqueFd socket_;
  PeerAddress peer_;
  std::uint64_t id_;
  void* waiter_;

  State state_ = State::ReadingRequest;
  Patience patience_ = Patience::Greeting;
  std::int64_t waiting_since_us_;

  bool has_unparsed_ = false;  // bytes of the next request came with this one's
  bool keep_alive_ = false;    // as the head under way promised
  bool has_sent_all_ = false;  // the client, by its own word
  bool corked_ = false;
  int requests_left_ = 0;  // of this turn's share
  int unread_ = 0;         // bytes the client had not taken when we began to wait for it
  std::size_t drained_ = 0;
  ExchangePool::Lease exchange_;  // nullptr while nothing of a request has come, and after the last
};

}  // namespace aws
