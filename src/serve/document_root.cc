#include "serve/document_root.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "serve/beneath_walk.h"

namespace aws {
namespace {

// O_NONBLOCK: open(2) of a FIFO must not wait for its writer. O_NOCTTY: nor a terminal become ours.
constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// RESOLVE_BENEATH gives up with EAGAIN when a rename races with a ".." (openat2(2)).
constexpr int kRaceRetries = 16;

}  // namespace

DocumentRoot::DocumentRoot(const std::string& folder)
    : folder_(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (!folder_) {
    throw std::runtime_error("document root " + folder + ": " + std::strerror(errno) +
                             "; name an existing folder with --root");
  }
}

OpenedFile DocumentRoot::open(Sys& sys, const std::string& path) const {
  OpenedFile opened;
  const int fd = open_beneath(sys, path.empty() ? "." : path.c_str());
  if (fd < 0) {
    opened.error = -fd;
    return opened;
  }
  UniqueFd file(fd);
  const int result = sys.fstat(fd, opened.status);
  opened.is_folder = result == 0 && S_ISDIR(opened.status.st_mode);
  if (result < 0) {
    opened.error = -result;
  } else if (opened.is_folder || S_ISREG(opened.status.st_mode)) {
    opened.file = std::move(file);
  } else {
    opened.error = ENOENT;
  }
  return opened;
}

int DocumentRoot::open_beneath(Sys& sys, const char* path) const {
  for (int attempt = 0; attempt < kRaceRetries && !lacks_openat2_.load(); ++attempt) {
    const int fd = sys.open_beneath(folder_.get(), path, kReadFlags);
    if (fd == -ENOSYS || fd == -EPERM) {  // EPERM: a seccomp filter that does not know the call
      lacks_openat2_ = true;
    } else if (fd != -EAGAIN) {
      return fd;
    }
  }
  return BeneathWalk(sys, folder_.get()).open(path, kReadFlags);
}

}  // namespace aws
