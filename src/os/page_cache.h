// PageCache: what a loop knows about file systems, and may ask about any file's pages.
//
// Whether a window of a file is in memory is told by reading a byte of it with RWF_NOWAIT here and
// there: nothing else tells it truly (cachestat(2) counts pages still being read, and mincore(2)
// calls all pages resident to who may not write the file). See Residency for what is done where
// they are not. One thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "os/aio.h"
#include "os/helper_threads.h"
#include "os/sys.h"

namespace aws {

// What can be expected of reading a file, by the file system that it is on.
enum class Medium : std::uint8_t {
  Memory,  // tmpfs and its kin: reading never waits for a disk
  Tells,   // RWF_NOWAIT tells what is in memory: ext4, XFS, Btrfs …
  Silent,  // nothing tells (overlayfs, FUSE, NFS …): helpers read everything first
};

// How the disk is dealt with.
enum class Engine : std::uint8_t {
  Announced,  // the loop touches only what is in memory; all else is announced to it
  Plain,      // it just reads, and sleeps when it must: for teaching, and to compare
};

class PageCache {
 public:
  // All three must outlive it.
  PageCache(Sys& sys, AioContext& aio, HelperThreads& helpers, Engine engine)
      : sys_(sys), aio_(aio), helpers_(helpers), engine_(engine) {}

  enum class Answer : std::uint8_t { Resident, Missing, Unknown };

  // Whether the bytes from `begin` up to `end` > begin can be read without sleeping. What lies
  // beyond the file's end is Resident, too: to read nothing takes no time.
  [[nodiscard]] Answer probe(int file, off_t begin, off_t end);

  // Has the bytes from `begin` up to `end` > begin brought in, by whole steps of probe(): a client
  // that asked for a byte here and there would else bring in just the pages that probe() looks at.
  void read_ahead(int file, off_t begin, off_t end);

  // The medium of files on `device` (stat(2)); nullopt: none was asked about yet.
  [[nodiscard]] std::optional<Medium> medium_of(dev_t device) const;
  void learn(dev_t device, Medium medium);

  [[nodiscard]] bool is_plain() const { return engine_ == Engine::Plain; }
  [[nodiscard]] Sys& sys() { return sys_; }
  [[nodiscard]] AioContext& aio() { return aio_; }
  [[nodiscard]] HelperThreads& helpers() { return helpers_; }

  // Windows of files, by how they came to be resident.
  struct Counters {
    std::uint64_t resident = 0;   // they were, when first looked at
    std::uint64_t announced = 0;  // missing: a sentinel was sent, and waited for
    std::uint64_t ahead = 0;      // missing: a sentinel was sent before anybody waited
    std::uint64_t again = 0;      // still missing when the sentinel came: another round
    std::uint64_t to_helper = 0;  // missing: a helper read them, for one of these reasons:
    std::uint64_t refused = 0;    // … the sentinel would have had to wait: dirty pages, mostly
    std::uint64_t no_direct = 0;  // … there is no O_DIRECT on this file system, or no descriptor
    std::uint64_t gave_up = 0;    // … too many rounds
    std::uint64_t silent = 0;     // … the file system does not tell
    std::uint64_t memory_files = 0;  // files on tmpfs and its kin
  };
  [[nodiscard]] Counters& counters() { return counters_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  Sys& sys_;
  AioContext& aio_;
  HelperThreads& helpers_;
  const Engine engine_;
  std::map<dev_t, Medium> media_;
  Counters counters_;
};

}  // namespace aws
