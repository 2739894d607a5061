// Bytes from outside made safe to print.
#pragma once

#include <string>
#include <string_view>

namespace aws {

// `bytes` for a line of a log: each byte that is not a visible ASCII character becomes %XX, so that
// no client can move a terminal's cursor or forge a line.
[[nodiscard]] std::string printable(std::string_view bytes);

}  // namespace aws
