// LineFile: appends lines to a file, a pipe or a terminal: each line whole, or not at all.
//
// If the disk is full or the file has reached RLIMIT_FSIZE, a line that was written in part is
// removed again and counted as lost; the next line is tried again. One thread at a time may use it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "os/unique_fd.h"

namespace aws {

class LineFile {
 public:
  // `file` is open for appending (O_APPEND, if it is a regular file).
  explicit LineFile(UniqueFd file) : file_(std::move(file)) {}

  // Appends `line`, which ends in "\n"; waits while a pipe is full. Returns 0, or the errno value
  // for which it was lost.
  int append(std::string_view line);

  // Returns true while the last line is in the file in part, and its rest waits for the next
  // append(): a pipe, or a file that somebody else has appended to, cannot be cut.
  [[nodiscard]] bool has_torn_line() const { return !rest_.empty(); }

 private:
  std::size_t write_all(std::string_view bytes, int& error) const noexcept;
  [[nodiscard]] bool remove_tail(std::size_t size) const noexcept;

  UniqueFd file_;
  std::string rest_;  // of a line whose beginning could be neither completed nor removed
};

}  // namespace aws
