// ReceiveBuffer: what a connection has received and not yet answered.
//
// Grows and shrinks with what it holds: it never takes more than twice of that, but for the little
// (kSmall) that most requests need and that the next one finds ready.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace aws {

class ReceiveBuffer {
 public:
  static constexpr std::size_t kSmall = 1024;  // bytes

  // Valid until the next call that is not const.
  [[nodiscard]] std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::size_t capacity() const { return bytes_.capacity(); }

  void append(std::span<const char> fresh) {
    bytes_.reserve(kSmall);
    // A vector grows to size + max(size, fresh): at most twice what came.
    bytes_.insert(bytes_.end(), fresh.begin(), fresh.end());
  }

  // Keeps the first `size` bytes only.
  void truncate(std::size_t size) {
    bytes_.resize(size);
    give_back();
  }

  void clear() { truncate(0); }

  // Drops the first `size` bytes.
  void drop_front(std::size_t size) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size));
    give_back();
  }

 private:
  // Memory beyond twice of what is held.
  void give_back() {
    if (bytes_.capacity() > std::max(2 * bytes_.size(), kSmall)) bytes_.shrink_to_fit();
  }

  std::vector<char> bytes_;
};

}  // namespace aws
