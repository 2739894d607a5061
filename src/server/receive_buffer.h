// ReceiveBuffer: what a connection has received and not yet answered.
//
// Costs nothing while empty: its memory is given back with its last byte. Grows with what comes,
// and never holds more than twice of it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace aws {

class ReceiveBuffer {
 public:
  // Valid until the next call that is not const.
  [[nodiscard]] std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::size_t capacity() const { return bytes_.capacity(); }

  void append(std::span<const char> fresh) {
    // A vector grows to size + max(size, fresh): at most twice what came.
    bytes_.insert(bytes_.end(), fresh.begin(), fresh.end());
  }

  // Keeps the first `size` bytes only.
  void truncate(std::size_t size) {
    bytes_.resize(size);
    give_back_if_empty();
  }

  // Drops the first `size` bytes.
  void drop_front(std::size_t size) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size));
    give_back_if_empty();
  }

 private:
  void give_back_if_empty() {
    if (bytes_.empty()) std::vector<char>().swap(bytes_);
  }

  std::vector<char> bytes_;
};

}  // namespace aws
