#include "load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace mote::load {
namespace {

constexpr std::uint32_t kSeed = 20260802;

constexpr double kPercents[] = {0, 0.1, 1, 10, 25, 50, 75, 90, 99, 99.9, 99.99, 99.999, 100};

/// The nearest rank, counted with whole numbers: `percent` has three decimals.
std::uint64_t exact_percentile(const std::vector<std::uint64_t>& sorted, double percent) {
  const auto thousandths = static_cast<std::uint64_t>(std::llround(percent * 1000));
  const std::uint64_t rank = (thousandths * sorted.size() + 99'999) / 100'000;
  return sorted[static_cast<std::size_t>(std::max<std::uint64_t>(rank, 1) - 1)];
}

void expect_percentiles(const Histogram& histogram, std::vector<std::uint64_t> values) {
  std::ranges::sort(values);
  for (const double percent : kPercents) {
    const std::uint64_t exact = exact_percentile(values, percent);
    const std::uint64_t found = histogram.percentile(percent);
    EXPECT_GE(found, exact) << percent;
    EXPECT_LE(static_cast<double>(found - exact), static_cast<double>(exact) * Histogram::kRelativeError) << percent;
  }
  EXPECT_EQ(histogram.count(), values.size());
  EXPECT_EQ(histogram.min(), values.front());
  EXPECT_EQ(histogram.max(), values.back());
}

/// From nanoseconds to minutes, each power of two as often as another.
std::vector<std::uint64_t> random_values(std::size_t count, std::uint32_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> values(count);
  for (std::uint64_t& value : values) value = random() >> (64 - 1 - random() % 42);
  return values;
}

TEST(Histogram, IsExactBelow2048) {
  for (std::uint64_t value = 0; value < 2048; ++value) {
    Histogram histogram;
    histogram.record(value);
    histogram.record(Histogram::kLargest);  // so that the largest value does not make it exact
    ASSERT_EQ(histogram.percentile(50), value);
  }
}

TEST(Histogram, IsOffByNoMoreThanOneIn1024AtEachEndOfEachBucketAndPowerOfTwo) {
  double worst = 0;
  for (unsigned bits = 11; bits <= 42; ++bits) {
    const std::uint64_t power = std::uint64_t{1} << bits;
    const std::uint64_t bucket = power >> 11;
    for (const std::uint64_t value : {power - 1, power, power + 1, power - bucket, power + bucket, power - bucket - 1,
                                      power + bucket - 1, power + power / 2, power + power / 2 - 1}) {
      if (value > Histogram::kLargest) continue;
      Histogram histogram;
      histogram.record(value);
      histogram.record(Histogram::kLargest);
      const std::uint64_t found = histogram.percentile(50);
      ASSERT_GE(found, value);
      worst = std::max(worst, static_cast<double>(found - value) / static_cast<double>(value));
    }
  }
  EXPECT_LE(worst, Histogram::kRelativeError);
  EXPECT_GT(worst, Histogram::kRelativeError / 2) << "the bound that is promised is the one that there is";
}

TEST(Histogram, HasThePercentilesOfTheSortedValues) {
  for (const std::size_t count : {1U, 2U, 3U, 10U, 99U, 100U, 101U, 1000U, 100'000U}) {
    const auto values = random_values(count, kSeed + static_cast<std::uint32_t>(count));
    Histogram histogram;
    for (const std::uint64_t value : values) histogram.record(value);
    SCOPED_TRACE(count);
    expect_percentiles(histogram, values);
  }
}

TEST(Histogram, CountsRanksExactlyWhereAPercentageIsNoBinaryFraction) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 1000; ++value) histogram.record(value);
  EXPECT_EQ(histogram.percentile(99.9), 999U);
  EXPECT_EQ(histogram.percentile(99), 990U);
  EXPECT_EQ(histogram.percentile(90), 900U);
  EXPECT_EQ(histogram.percentile(0.1), 1U);
  EXPECT_EQ(histogram.percentile(99.91), 1000U);
}

TEST(Histogram, MergedIsAsIfOneHadCountedAll) {
  const auto values = random_values(20'000, kSeed);
  Histogram all;
  Histogram parts[3];
  for (std::size_t i = 0; i < values.size(); ++i) {
    all.record(values[i]);
    parts[i % 3].record(values[i]);
  }
  parts[0].record(Histogram::kLargest + 5);
  all.record(Histogram::kLargest + 5);
  Histogram merged;
  for (const Histogram& part : parts) merged.merge(part);
  for (const double percent : kPercents) EXPECT_EQ(merged.percentile(percent), all.percentile(percent));
  EXPECT_EQ(merged.count(), all.count());
  EXPECT_EQ(merged.min(), all.min());
  EXPECT_EQ(merged.max(), all.max());
  EXPECT_EQ(merged.overflows(), 1U);
  EXPECT_DOUBLE_EQ(merged.mean(), all.mean());
}

TEST(Histogram, MergedWithAnEmptyOneIsTheSame) {
  Histogram histogram;
  histogram.record(77);
  histogram.merge(Histogram());
  EXPECT_EQ(histogram.min(), 77U);
  EXPECT_EQ(histogram.max(), 77U);
}

TEST(Histogram, CountsWhatIsTooLargeAsTheLargest) {
  Histogram histogram;
  histogram.record(Histogram::kLargest);
  EXPECT_EQ(histogram.overflows(), 0U);
  histogram.record(Histogram::kLargest + 1);
  histogram.record(~std::uint64_t{0});
  EXPECT_EQ(histogram.overflows(), 2U);
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.max(), Histogram::kLargest);
  EXPECT_EQ(histogram.percentile(100), Histogram::kLargest);
}

TEST(Histogram, IsAllZeroWhereNothingWasRecordedAndAfterClear) {
  Histogram histogram;
  histogram.record(5);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.percentile(99), 0U);
  EXPECT_EQ(histogram.mean(), 0);
}

TEST(Histogram, HasTheExactMean) {
  Histogram histogram;
  for (const std::uint64_t value : {1'000'001U, 2'000'002U, 6'000'006U}) histogram.record(value);
  EXPECT_DOUBLE_EQ(histogram.mean(), 3'000'003);
}

}  // namespace
}  // namespace mote::load
