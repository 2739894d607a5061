// SendQueue: bytes that wait for a client to take them, up to a bound.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace aws {

class SendQueue {
 public:
  [[nodiscard]] bool empty() const { return begin_ == bytes_.size(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size() - begin_; }
  // Valid until the next call that is not const.
  [[nodiscard]] std::string_view bytes() const { return std::string_view(bytes_).substr(begin_); }

  void append(std::string_view bytes) {
    if (begin_ > bytes_.size() / 2) drop_taken();
    bytes_.append(bytes);
  }

  // Removes the first `size` bytes.
  void take(std::size_t size) {
    begin_ += size;
    if (empty()) clear();
  }

  void clear() {
    bytes_.clear();
    begin_ = 0;
    if (bytes_.capacity() > kSpare) bytes_.shrink_to_fit();
  }

 private:
  static constexpr std::size_t kSpare = 4096;  // bytes of memory kept while empty

  void drop_taken() {
    bytes_.erase(0, begin_);
    begin_ = 0;
  }

  std::string bytes_;
  std::size_t begin_ = 0;  // of what was not taken yet
};

}  // namespace aws
