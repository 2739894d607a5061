#include "server/line_file.h"

#include <sys/poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace aws {

int LineFile::append(std::string_view line) {
  int error = 0;
  rest_.erase(0, write_all(rest_, error));
  if (!rest_.empty()) return error;
  const std::size_t written = write_all(line, error);
  if (written == line.size()) return 0;
  if (written == 0 || remove_tail(written)) return error;
  rest_ = line.substr(written);
  return 0;
}

// Returns how many bytes were written; `error` is set if not all of them.
std::size_t LineFile::write_all(std::string_view bytes, int& error) const noexcept {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t size = ::write(file_.get(), bytes.data() + written, bytes.size() - written);
    if (size >= 0) {
      written += static_cast<std::size_t>(size);
    } else if (errno == EAGAIN) {
      pollfd room{file_.get(), POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      error = errno;
      break;
    }
  }
  return written;
}

// Removes the last `size` bytes, which this object has written. Returns false if the file cannot be
// cut, or somebody else has appended to it.
bool LineFile::remove_tail(std::size_t size) const noexcept {
  struct stat status {};
  const off_t end = ::lseek(file_.get(), 0, SEEK_CUR);
  if (end < 0 || ::fstat(file_.get(), &status) != 0 || status.st_size != end) return false;
  return ::ftruncate(file_.get(), end - static_cast<off_t>(size)) == 0;
}

}  // namespace aws
