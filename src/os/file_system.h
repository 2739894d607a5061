// What the type of a file system (statfs(2), linux/magic.h) tells of the files on it.
//
// Pure functions: any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace aws {

// Whether reading its files never waits for a disk: tmpfs, ramfs, hugetlbfs. (What they swap out
// can make a reader wait, as any program's memory can.)
[[nodiscard]] bool lives_in_memory(std::int64_t file_system);

// Whether `size`, which stat(2) gives for a regular file there, is no promise: the bytes of files
// in /proc, /sys and their kin are made when they are read, and stat(2) says 0 or 4096 of them all.
// FUSE and 9P pass on what another program says, and many of those say 0 of what they do not know.
[[nodiscard]] bool hides_size(std::int64_t file_system, off_t size);

}  // namespace aws
