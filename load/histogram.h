#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mote::load {

/// Counts values, such as latencies in nanoseconds, in buckets that grow with the value: log-linear, as HdrHistogram
/// has them. Each power of two is divided into 1,024 buckets, so that a percentile is at most one part in 1,024 above
/// the value that was recorded; values below 2,048 are exact. `record` never allocates and takes a few nanoseconds.
class Histogram {
 public:
  /// Everything above is counted as this: 73 minutes in nanoseconds.
  static constexpr std::uint64_t kLargest = (std::uint64_t{1} << 42) - 1;
  /// The largest relative error of `percentile`.
  static constexpr double kRelativeError = 1.0 / 1024;

  Histogram() : counts_(kBuckets) {}

  void record(std::uint64_t value) {
    if (value > kLargest) [[unlikely]] {
      value = kLargest;
      ++overflows_;
    }
    ++counts_[bucket_of(value)];
    ++count_;
    sum_ += value;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }
  /// Adds what `other` has counted.
  void merge(const Histogram& other);
  void clear() { *this = Histogram(); }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Values that were above kLargest.
  [[nodiscard]] std::uint64_t overflows() const { return overflows_; }
  /// Exact; 0 where nothing was recorded, as the others are.
  [[nodiscard]] std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  [[nodiscard]] double mean() const;
  /// The value that `percent` of all values, 0 to 100, do not exceed (nearest rank): the largest of its bucket, but
  /// never above `max`.
  [[nodiscard]] std::uint64_t percentile(double percent) const;

 private:
  static constexpr unsigned kBits = 10;
  static constexpr std::size_t kBuckets = std::size_t{33} << kBits;

  /// The value's first eleven bits, and how many come behind them.
  static std::size_t bucket_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > kBits + 1 ? width - (kBits + 1) : 0;
    return (std::size_t{shift} << kBits) + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t largest_in(std::size_t bucket);

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t overflows_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = kLargest;
  std::uint64_t max_ = 0;
};

}  // namespace mote::load
