// HttpConnection: the state machine of one HTTP connection.
//
// It is a Session: it is handed an Event, does a bounded amount of I/O, and returns what it Wants
// next. It does not know epoll or other connections. The loop's thread alone calls it.
//
//  state (want)           SocketReady                        DiskReady      PeerGone / Timeout
//  ---------------------  ---------------------------------  -------------  ---------------------
//  ReadingRequest (Read)  recv, parse: incomplete → stay;    assert         Closed (408 first, if
//                         complete or malformed →                           part of a request
//                         OpeningFile; end of input →                       came)
//                         Closed (400 first, likewise)
//  OpeningFile (Disk)     no interest                        the file, or   Closed; destroyed when
//                                                            its error as   no task of it runs
//                                                            a status →
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
//                                                                           a task as above
//  Draining (Read)        recv, discard: end of input or     assert         Closed
//                         the limit → Closed
//
// The next state is tried at once and never waited for, except ReadingRequest when nothing has come
// yet: a small request costs one recv, and one send each for head and body. OpeningFile waits only
// for paths that the kernel does not have in its cache: a thread of the pool looks these up.
//
// A connection that has had its share of an iteration keeps its state and wants to Write: a
// writable socket is reported again at once, after the others.
//
// Answers to requests that came together are sent together: the socket is corked for them until the
// connection waits for something.
//
// Draining shuts the writing side first and continues to read for a while: closing a socket with
// unread input sends a reset, and the client would lose the end of its answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "loop/protocol.h"
#include "loop/session.h"
#include "os/peer_address.h"
#include "os/slab_allocated.h"
#include "server/connection_state.h"
#include "server/exchange.h"
#include "server/http_context.h"

namespace aws {

class HttpConnection final : public Session, public SlabAllocated<HttpConnection> {
 public:
  // `context` must outlive it.
  HttpConnection(HttpContext& context, Arrival arrival);
  ~HttpConnection() override;

  // After Close its state is Closed and its socket is closed.
  [[nodiscard]] Want advance(Event event) override;

  [[nodiscard]] State state() const { return state_; }
  // The target of the request whose answer is under way, as sent; empty: none.
  [[nodiscard]] std::string_view subject() const override {
    return exchange_ != nullptr ? std::string_view(exchange_->target) : std::string_view();
  }

 private:
  static constexpr std::uint8_t kRequestsPerTurn = 16;  // pipelined; then other events are handled
  static constexpr std::uint32_t kDrainLimit = 16 * 1024 * 1024;  // bytes read and dropped
  static constexpr int kReceivesPerTurn = 16;                     // while draining

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
  void on_timeout();
  void start_request_timeout();
  [[nodiscard]] Outcome finish_answer();
  void fail_answer(Failure failure);
  [[nodiscard]] Want await_socket();
  void cork(bool on);
  void close();
  void write_log_entry();

  HttpContext& context_;
  PeerAddress peer_;

  State state_ = State::ReadingRequest;
  bool has_unparsed_ = false;  // bytes of the next request came with this one's
  bool keep_alive_ = false;    // as the head under way says
  bool has_sent_all_ = false;  // the client said so
  bool corked_ = false;
  std::uint8_t requests_left_ = 0;  // of this iteration's share
  int unread_ = 0;  // bytes that the client had not taken when the connection began to wait for it
  std::uint32_t drained_ = 0;     // bytes
  ExchangePool::Lease exchange_;  // nullptr before the first byte of a request, and after the last
};

}  // namespace aws
