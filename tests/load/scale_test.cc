#include "load/scale.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mote::load {
namespace {

TEST(LinearScale, EndsAtARoundStepThatIsNotBelowTheLargest) {
  for (const double largest : {1e-6, 0.3, 1.0, 7.0, 9.99, 10.0, 31'337.0, 1e5, 123'456.0, 3e9}) {
    const LinearScale scale(largest, 5);
    EXPECT_GE(scale.end, largest * 0.999999);
    EXPECT_LE(scale.end, largest + scale.step);
    EXPECT_LE(scale.values().size(), 6U);
    EXPECT_GE(scale.values().size(), 3U);
  }
  EXPECT_EQ(LinearScale(31'337, 5).step, 10'000);
  EXPECT_EQ(LinearScale(10, 5).end, 10);
}

TEST(LinearScale, OfNothingIsAScaleAllTheSame) {
  const LinearScale scale(0, 5);
  EXPECT_EQ(scale.end, 1);
  EXPECT_EQ(scale.values().size(), 2U);
}

std::vector<std::string> labels(const DurationScale& scale) {
  std::vector<std::string> result;
  for (const Tick& tick : scale.ticks()) result.push_back(tick.label);
  return result;
}

TEST(DurationScale, GoesFromOneRoundDurationToAnother) {
  EXPECT_EQ(labels(DurationScale(409e3, 12.9e6)),
            (std::vector<std::string>{"200 µs", "500 µs", "1 ms", "2 ms", "5 ms", "10 ms", "20 ms"}));
  EXPECT_EQ(labels(DurationScale(1e3, 1e3)), (std::vector<std::string>{"1 µs", "2 µs"}));
  EXPECT_EQ(labels(DurationScale(0, 0)), (std::vector<std::string>{"1 ns", "2 ns"}));
}

TEST(DurationScale, OfManyPowersOfTenHasLabelsAtThePowersOnly) {
  const DurationScale scale(20e3, 3e9);
  EXPECT_EQ(scale.begin, 20e3);
  EXPECT_EQ(scale.end, 5e9);
  std::vector<std::string> named;
  for (const std::string& label : labels(scale)) {
    if (!label.empty()) named.push_back(label);
  }
  EXPECT_EQ(named, (std::vector<std::string>{"100 µs", "1 ms", "10 ms", "100 ms", "1 s"}));
}

TEST(DurationScale, PlacesByTheLogarithm) {
  const DurationScale scale(1e3, 1e5);
  EXPECT_DOUBLE_EQ(scale.place(1e3), 0);
  EXPECT_DOUBLE_EQ(scale.place(1e4), 0.5);
  EXPECT_DOUBLE_EQ(scale.place(1e5), 1);
  EXPECT_DOUBLE_EQ(scale.place(0), 0);
  EXPECT_DOUBLE_EQ(scale.place(1e9), 1);
}

}  // namespace
}  // namespace mote::load
