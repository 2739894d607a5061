// Lookup: how far a path may be looked up, and whether that was far enough.
//
// On the event loop, only what the kernel has in its cache may be looked at (RESOLVE_CACHED): what
// else there is to know costs a disk's time. So an answer is first looked up like that; if it would
// have had to sleep, it is dropped, whatever it was, and made anew on a helper thread.
#pragma once

#include "os/sys.h"

namespace aws {

class FileCache;
class ThreadPool;
struct OpenedRoot;

struct Lookup {
  Sys& sys;
  bool may_sleep = true;
  OpenedRoot* root = nullptr;     // nullptr: each call looks the root up
  FileCache* cache = nullptr;     // nullptr: each call opens its path
  Moment now{};                   // for the cache
  ThreadPool* closers = nullptr;  // see SharedFd
  bool would_sleep = false;       // set if a call gave up because it would have slept
};

}  // namespace aws
