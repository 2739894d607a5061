// Exchange: a request and its answer, while they last: all that a connection does not need while it
// is idle, so that thousands of idle ones cost little.
//
// ExchangePool keeps some that are over for the next: what they allocated serves again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/request_parser.h"
#include "os/peer_address.h"
#include "os/sys.h"
#include "serve/response.h"
#include "server/access_log.h"
#include "server/opening.h"
#include "server/receive_buffer.h"

namespace aws {

class ExchangePool;

struct Exchange {
  explicit Exchange(ExchangePool& whose) : pool(whose) {}

  ExchangePool& pool;  // where it goes when it is over
  ReceiveBuffer received;
  RequestParser parser;
  std::unique_ptr<Opening> opening;  // in OpeningFile, if a helper does it
  std::string target;                // as the client sent it, for logs: known from OpeningFile on
  Response response;
  std::string head;
  std::size_t head_sent = 0;
  std::int64_t request_since_us = 0;
  std::unique_ptr<AccessEntry> log_entry;  // of the answer under way, if there is a log

  // What the log will tell of the answer, as far as it is known before it is sent.
  void begin_log_entry(const PeerAddress& peer, const Request& request);
  // And what is known at its end, `now`.
  void end_log_entry(const Moment& now);

  // Ready for the next request, whose bytes may have come already.
  void end_answer() {
    target.clear();
    response = Response();
    head.clear();
    parser.reset();
  }
};

// One thread; it outlives all that it leases.
class ExchangePool {
 public:
  struct GiveBack {  // stateless, so that a lease is no larger than a pointer
    void operator()(Exchange* exchange) const {
      exchange->pool.give_back(std::unique_ptr<Exchange>(exchange));
    }
  };
  using Lease = std::unique_ptr<Exchange, GiveBack>;

  [[nodiscard]] Lease take() {
    if (spare_.empty()) return Lease(new Exchange(*this));
    Lease lease(spare_.back().release());
    spare_.pop_back();
    return lease;
  }

 private:
  static constexpr std::size_t kSpare = 64;            // kept at most
  static constexpr std::size_t kSpareText = 4 * 1024;  // bytes of a string's memory, likewise

  void give_back(std::unique_ptr<Exchange> exchange) {
    const std::size_t text = std::max(exchange->head.capacity(), exchange->target.capacity());
    if (spare_.size() >= kSpare || text > kSpareText) return;
    exchange->end_answer();
    exchange->received.clear();
    exchange->opening.reset();
    exchange->log_entry.reset();
    spare_.push_back(std::move(exchange));
  }

  std::vector<std::unique_ptr<Exchange>> spare_;
};

}  // namespace aws
