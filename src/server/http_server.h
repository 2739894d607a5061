// HttpServer: HTTP on all event loops of the process.
//
// The main thread builds it, starts it, stops it, and waits for its end.
#pragma once

#include <vector>

#include "loop/event_loop_group.h"
#include "os/listener.h"
#include "server/disk_counters.h"
#include "server/http_protocol.h"

namespace aws {

class HttpServer {
 public:
  // One loop for each element of listeners.per_loop. Throws std::system_error if the kernel refuses
  // what a loop needs.
  HttpServer(const LoopOptions& options, const HttpSite& site, Listeners listeners, bool pin);

  [[nodiscard]] EventLoopGroup& loops() { return loops_; }

  // Sums over the loops, after EventLoopGroup::join().
  [[nodiscard]] HttpCounters counters() const;
  [[nodiscard]] DiskCounters disk_counters() const;

 private:
  EventLoopGroup loops_;
  std::vector<const HttpProtocol*> protocols_;  // of each loop, which owns it
};

}  // namespace aws
