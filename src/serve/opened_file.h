// OpenedFile: what the look-up of a path came to.
#pragma once

#include <sys/stat.h>

#include "os/shared_fd.h"

namespace aws {

struct CachedFile;

// A regular file, a folder (is_folder), or an error (an errno value > 0, and no descriptor).
struct OpenedFile {
  [[nodiscard]] bool is_file() const { return file && !is_folder; }

  SharedFd file;
  struct stat status {};  // as it is now
  bool is_folder = false;
  bool hides_size = false;  // status.st_size says nothing; see os/file_system.h
  int error = 0;
  CachedFile* cached = nullptr;  // where FileCache keeps it; valid until the cache is asked again
};

}  // namespace aws
