// FileVersion: all that tells one version of a file from another without reading it, and how much
// its times can be trusted while they are fresh.
//
// Pure: the clock is read by whoever calls.
#pragma once

#include <cstdint>

namespace aws {

// A moment of a file's history, as stat(2) tells it, or of the wall clock.
struct FileTime {
  std::int64_t s = 0;  // since the epoch; may be negative
  std::int64_t ns = 0;
};

struct FileVersion {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  FileTime modified;  // as whoever wrote the file wishes: touch(1), cp -p and builds set it
  FileTime changed;   // as the kernel saw it: catches what is written under an old mtime
};

// Whether every later change of the file will show in its times: false while the last one is so
// fresh that another could happen within the same tick of the file system's clock.
[[nodiscard]] bool is_settled(const FileVersion& version, FileTime now);

// The date to tell of a file that was modified at `modified`, in whole seconds since the epoch:
// that second, once it is over, and the one before as long as the file may change again within it.
// Whoever got the older date will be told of the change; the newer one would be a false 304 for
// ever (RFC 9110 section 8.8.2.2).
[[nodiscard]] std::int64_t date_to_tell(FileTime modified, FileTime now);

}  // namespace aws
