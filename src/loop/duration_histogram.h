// DurationHistogram: how many durations were how long, in constant space.
//
//   µs      0 1 2 … 7 | 8 9 … 15 | 16 18 … 30 | 32 36 … 60 | …
//            exactly    eight steps to each doubling: at most an eighth too long
//
// It knows nothing of clocks or loops. One thread writes; others may read once that has ended.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace aws {

class DurationHistogram {
 public:
  // Less than 0 counts as 0; what is longer than any step (19 hours) as the longest step.
  void add(std::int64_t us);
  void add(const DurationHistogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::int64_t longest_us() const { return longest_us_; }

  // The shortest duration that at least `share` (0 … 1) of all kept within, as far as the steps
  // tell: never too short, and never more than longest_us(). 0 if there are none.
  [[nodiscard]] std::int64_t quantile_us(double share) const;

  // How many were shorter than 2^exponent µs: exact. exponent >= 0.
  [[nodiscard]] std::uint64_t shorter_than(unsigned exponent) const;

 private:
  static constexpr unsigned kStepBits = 3;
  static constexpr std::size_t kSteps = 1U << kStepBits;  // to each doubling
  static constexpr unsigned kLongestBits = 36;            // of the longest step's µs
  static constexpr std::size_t kBuckets = kSteps * (kLongestBits - kStepBits + 1);

  static std::size_t bucket_of(std::uint64_t us);
  static std::int64_t end_of(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::int64_t longest_us_ = 0;
};

}  // namespace aws
