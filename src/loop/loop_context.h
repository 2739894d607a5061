// LoopContext: what an event loop lends to its sessions. It outlives them.
//
// The loop's thread alone uses it.
#pragma once

#include <span>

#include "os/completion.h"
#include "os/disk_io.h"
#include "os/poller.h"
#include "os/sys.h"

namespace aws {

class Session;
class StallMeter;

class LoopContext {
 public:
  LoopContext(const LoopContext&) = delete;
  LoopContext& operator=(const LoopContext&) = delete;

  Sys& sys;                      // makes the kernel calls
  DiskIo* disk = nullptr;        // nullptr: this loop reads no files
  StallMeter* stalls = nullptr;  // nullptr: no stall meter runs
  std::span<char> scratch;       // where received bytes are put first; all sessions share it
  Moment now{};                  // read once in each iteration
  bool stopping = false;         // finish what has begun, then close
  CompletionList ready;          // completions to notify in this iteration

  // Session calls these. Both end in Session::advance().
  virtual void on_socket_ready(Session& session, Readiness readiness) noexcept = 0;
  virtual void on_completion(Session& session) noexcept = 0;

 protected:
  LoopContext(Sys& calls, std::span<char> memory) : sys(calls), scratch(memory) {}
  ~LoopContext() { ready.clear(); }
};

}  // namespace aws
