#include "server/http_protocol.h"

#include <algorithm>
#include <utility>

#include "server/http_connection.h"

namespace aws {

HttpProtocol::HttpProtocol(EventLoop& loop, const HttpSite& site)
    : loop_(loop),
      // An image is sent by sendfile(2).
      file_cache_(site.limits.file_cache, loop.disk->can_sendfile() ? site.limits.image_cache : 0),
      context_{.loop = loop,
               .file_cache = file_cache_,
               .resources = site.resources,
               .access_log = site.access_log,
               .tracer = site.tracer,
               .keep_alive = site.limits.keep_alive} {
  const HttpLimits& limits = site.limits;
  Timeouts& kinds = loop.timeouts();
  context_.timeouts = {
      .greeting = kinds.add_kind(std::min(limits.header_timeout_us, limits.idle_timeout_us)),
      .idle = kinds.add_kind(limits.idle_timeout_us),
      .request = kinds.add_kind(limits.header_timeout_us),
      .answer = kinds.add_kind(limits.send_timeout_us),
      .linger = kinds.add_kind(kLingerUs),
  };
  idle_kinds_ = {context_.timeouts.greeting, context_.timeouts.idle};
}

std::unique_ptr<Session> HttpProtocol::make_session(Arrival arrival) {
  return std::make_unique<HttpConnection>(context_, std::move(arrival));
}

bool HttpProtocol::release_descriptors() {
  if (file_cache_.empty()) return false;
  file_cache_.clear();
  return true;
}

void HttpProtocol::on_stop() {
  loop_.timeouts().set_limit(context_.timeouts.linger, kLingerAtStopUs);
}

}  // namespace aws
