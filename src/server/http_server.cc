#include "server/http_server.h"

#include <memory>
#include <utility>

namespace aws {

HttpServer::HttpServer(const LoopOptions& options, const HttpSite& site, Listeners listeners,
                       bool pin)
    : loops_(options, listeners.per_loop.size(), pin) {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    auto protocol = std::make_unique<HttpProtocol>(loops_.loop(i), site);
    protocols_.push_back(protocol.get());
    loops_.loop(i).serve(std::move(listeners.per_loop[i]), std::move(protocol));
  }
}

HttpCounters HttpServer::counters() const {
  HttpCounters sum;
  for (const HttpProtocol* const protocol : protocols_) {
    const HttpCounters& one = protocol->counters();
    sum.answers += one.answers;
    sum.timeouts += one.timeouts;
    sum.peer_failures += one.peer_failures;
    sum.file_failures += one.file_failures;
    sum.openings += one.openings;
  }
  return sum;
}

DiskCounters HttpServer::disk_counters() const {
  DiskCounters sum;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const DiskIo& disk = *loops_.loop(i).disk;
    sum.add({disk.counters(), disk.aio().counters(), disk.threads().counters(),
             protocols_[i]->counters().openings});
  }
  return sum;
}

}  // namespace aws
