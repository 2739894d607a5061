// What the fuzz targets share: an input taken apart, and requirements that end the run.
//
// Each target is one .cc beside this file, handed whatever libFuzzer makes up; its seeds are the
// files of corpus/<target>/. `make fuzz` runs them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace aws {

// Not assert(), which a flag could take away.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "required: %s\n", what);
  std::abort();
}

class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  // An integer from the front; an input that is too short for one gives 0.
  template <typename Integer>
  Integer number() {
    Integer value = 0;
    if (rest_.size() < sizeof value) return value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }

  // What stands before the next line feed.
  std::string_view line() {
    const std::string_view text = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(text.size() < rest_.size() ? text.size() + 1 : text.size());
    return text;
  }

  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace aws

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
