// The UTF-8 byte-order mark, which some editors write at the start of a text file.
//
// It knows nothing of files; any thread may call it.
#pragma once

#include <string_view>

namespace aws {

// Returns `text`, the start of a file or the whole of it, without the mark if it begins with one.
// A second mark is text.
[[nodiscard]] constexpr std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

}  // namespace aws
