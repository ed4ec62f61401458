#include "load/histogram.h"

#include <cmath>

namespace mote::load {

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  overflows_ += other.overflows_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double Histogram::mean() const { return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_); }

std::uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  // The product may come out a hair above a whole number: 99.9 % of 1,000 is the 999th and not the last.
  const double exact = percent / 100 * static_cast<double>(count_);
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(exact * (1 - 1e-12))), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = bucket_of(min_); bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::min(largest_in(bucket), max_);
  }
  return max_;
}

std::uint64_t Histogram::largest_in(std::size_t bucket) {
  if (bucket < std::size_t{2} << kBits) return bucket;
  const std::size_t shift = (bucket >> kBits) - 1;
  const std::uint64_t first_bits = bucket - (shift << kBits);
  return ((first_bits + 1) << shift) - 1;
}

}  // namespace mote::load
