// Sums of sizes, offsets and times that stop at the largest value there is instead of going beyond
// it: a file may be 2^63 - 1 bytes long, and then what follows its last block has no offset.
#pragma once

#include <concepts>
#include <limits>

namespace aws {

// left + right; the largest value of the type where that is more. Neither is negative.
template <std::integral Number>
[[nodiscard]] constexpr Number saturating_add(Number left, Number right) {
  constexpr Number kMost = std::numeric_limits<Number>::max();
  return left > kMost - right ? kMost : left + right;
}

}  // namespace aws
