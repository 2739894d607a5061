// DiskIo: what a loop reads files with: kernel AIO, a thread pool for what may sleep, and what is
// known of the file systems and of the pages in memory.
//
// Whether a window of a file is in memory is found out by reading a byte of it with RWF_NOWAIT
// every 64 KiB. Nothing else shows it reliably: cachestat(2) counts pages that are still being
// read, and mincore(2) calls all pages resident if the caller may not write the file. Residency
// brings missing windows in. One thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "os/aio.h"
#include "os/refused_calls.h"
#include "os/sys.h"
#include "os/thread_pool.h"

namespace aws {

// What can be expected of reading a file, by the file system that it is on.
enum class Medium : std::uint8_t {
  Memory,       // tmpfs, ramfs: reading never waits for a disk
  HasNowait,    // RWF_NOWAIT shows what is in memory: ext4, XFS, Btrfs …
  LacksNowait,  // nothing shows it (overlayfs, FUSE, NFS …): threads read everything first
};

// How files are read.
enum class Engine : std::uint8_t {
  Announced,  // the loop reads only what is in memory; completions announce the rest
  Plain,      // the loop reads, and sleeps where the disk is slow: for teaching and comparison
};

// Sizes of one loop's DiskIo.
struct DiskLimits {
  std::size_t aio_blocks = 64;  // of AioContext::kBlockSize bytes
  std::size_t sentinels = 32;   // in flight
  std::size_t helper_threads = 2;
  std::size_t helper_queue = 64;  // tasks that the threads are given at a time
  Engine engine = Engine::Announced;
};

class DiskIo {
 public:
  // The loop's calls are made with `sys`, those of the threads with `threads_sys`, which must be
  // safe to use from any thread. Both must outlive it. Throws std::system_error if the kernel
  // refuses a ring, a thread or a descriptor.
  DiskIo(Sys& sys, Sys& threads_sys, const DiskLimits& limits)
      : sys_(sys),
        threads_(threads_sys, limits.helper_threads, limits.helper_queue),
        aio_(sys, threads_, limits.aio_blocks, limits.sentinels),
        engine_(limits.engine) {}

  enum class Answer : std::uint8_t { Resident, Missing, Unknown };

  // Whether the bytes from `begin` up to `end` > begin can be read without sleeping. What lies
  // beyond the file's end is Resident, too: to read nothing takes no time.
  [[nodiscard]] Answer probe(int file, off_t begin, off_t end);

  // Starts readahead of the bytes from `begin` up to `end` > begin, in whole steps of probe():
  // otherwise a client that asks for single bytes would bring in just the pages that probe() reads.
  void read_ahead(int file, off_t begin, off_t end);

  // Returns false if a sandbox refuses sendfile(2).
  [[nodiscard]] bool can_sendfile() const { return can_sendfile_; }

  // The medium of files on `device` (stat(2)); nullopt: not known yet.
  [[nodiscard]] std::optional<Medium> medium_of(dev_t device) const;
  void learn(dev_t device, Medium medium);

  [[nodiscard]] bool is_plain() const { return engine_ == Engine::Plain; }
  [[nodiscard]] Sys& sys() { return sys_; }
  [[nodiscard]] AioContext& aio() { return aio_; }
  [[nodiscard]] const AioContext& aio() const { return aio_; }
  [[nodiscard]] ThreadPool& threads() { return threads_; }
  [[nodiscard]] const ThreadPool& threads() const { return threads_; }

  // Windows of files, by how they became resident.
  struct Counters {
    std::uint64_t resident = 0;   // were so when first probed
    std::uint64_t announced = 0;  // missing: a sentinel was sent, and waited for
    std::uint64_t ahead = 0;      // missing: a sentinel was sent before the window was needed
    std::uint64_t again = 0;      // still missing after the sentinel: another round
    std::uint64_t to_helper = 0;  // missing: a thread read them, for one of these reasons:
    std::uint64_t refused = 0;    // … the sentinel would have had to wait, mostly for dirty pages
    std::uint64_t no_direct = 0;  // … no O_DIRECT on this file system, or no descriptor
    std::uint64_t gave_up = 0;    // … too many rounds
    std::uint64_t silent = 0;     // … the file system lacks RWF_NOWAIT
    std::uint64_t memory_files = 0;  // files on tmpfs or ramfs
  };
  [[nodiscard]] Counters& counters() { return counters_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  Sys& sys_;
  ThreadPool threads_;
  AioContext aio_;
  const Engine engine_;
  const bool can_sendfile_ = !sendfile_is_refused();
  std::map<dev_t, Medium> media_;
  Counters counters_;
};

}  // namespace aws
