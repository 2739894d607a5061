// The chunked transfer coding (RFC 9112 section 7.1), for bodies whose length is not known before.
#pragma once

#include <fmt/compile.h>
#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

namespace aws {

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// Appends `data` as one chunk to `out`; nothing for empty data, since that would be the last chunk.
inline void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:x}\r\n"), data.size());
  out.append(data).append("\r\n");
}

}  // namespace aws
