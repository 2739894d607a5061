#include "loop/duration_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace aws {

void DurationHistogram::add(std::int64_t us) {
  us = std::max<std::int64_t>(us, 0);
  ++buckets_[bucket_of(static_cast<std::uint64_t>(us))];
  ++count_;
  longest_us_ = std::max(longest_us_, us);
}

void DurationHistogram::add(const DurationHistogram& other) {
  std::transform(buckets_.begin(), buckets_.end(), other.buckets_.begin(), buckets_.begin(),
                 [](std::uint64_t ours, std::uint64_t theirs) { return ours + theirs; });
  count_ += other.count_;
  longest_us_ = std::max(longest_us_, other.longest_us_);
}

std::int64_t DurationHistogram::quantile_us(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted && seen > 0) return std::min(end_of(bucket) - 1, longest_us_);
  }
  return 0;
}

std::uint64_t DurationHistogram::shorter_than(unsigned exponent) const {
  const std::size_t end =
      exponent >= kLongestBits ? kBuckets : bucket_of(std::uint64_t{1} << exponent);
  std::uint64_t sum = 0;
  for (std::size_t bucket = 0; bucket < end; ++bucket)
    sum += buckets_[bucket];
  return sum;
}

// The step's number within its doubling is the bits behind the leading one.
std::size_t DurationHistogram::bucket_of(std::uint64_t us) {
  if (us < kSteps) return us;
  const auto doubling = static_cast<unsigned>(std::bit_width(us)) - 1 - kStepBits;
  const std::size_t bucket = kSteps * doubling + (us >> doubling);
  return std::min(bucket, kBuckets - 1);
}

// Where the next bucket begins.
std::int64_t DurationHistogram::end_of(std::size_t bucket) {
  if (bucket < kSteps) return static_cast<std::int64_t>(bucket) + 1;
  const std::size_t doubling = bucket / kSteps - 1;
  return static_cast<std::int64_t>(bucket % kSteps + kSteps + 1) << doubling;
}

}  // namespace aws
