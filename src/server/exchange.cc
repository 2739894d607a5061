#include "server/exchange.h"

#include <fmt/core.h>

namespace aws {

void Exchange::begin_log_entry(const PeerAddress& peer, const Request& request) {
  log_entry = std::make_unique<AccessEntry>();
  log_entry->peer = peer.text();
  if (!request.version.empty()) {
    log_entry->request_line =
        fmt::format("{} {} {}", request.method_name, request.target, request.version);
  }
  log_entry->referer = request[Field::Referer];
  log_entry->user_agent = request[Field::UserAgent];
  log_entry->status = response.head.status;
  log_entry->engine = response.engine;
  log_entry->decision = response.decision;
}

void Exchange::end_log_entry(const Moment& now) {
  log_entry->wall_s = now.wall_s;
  log_entry->duration_us = now.monotonic_us - request_since_us;
  const std::size_t head_size = head.size() - response.page.size();
  log_entry->body_bytes =
      response.body != nullptr ? response.body->sent() : std::max(head_sent, head_size) - head_size;
}

}  // namespace aws
