#include "load/units.h"

#include <gtest/gtest.h>

namespace mote::load {
namespace {

TEST(Units, DurationsHaveThreeDigitsAndTheUnitThatFits) {
  EXPECT_EQ(duration_text(0), "0 ns");
  EXPECT_EQ(duration_text(999), "999 ns");
  EXPECT_EQ(duration_text(1000), "1.00 µs");
  EXPECT_EQ(duration_text(12'345), "12.3 µs");
  EXPECT_EQ(duration_text(123'456), "123 µs");
  EXPECT_EQ(duration_text(999'999), "1.00 ms") << "and not 1000 µs";
  EXPECT_EQ(duration_text(9.996e6), "10.0 ms") << "and not 10.00";
  EXPECT_EQ(duration_text(99.96e6), "100 ms") << "and not 100.0";
  EXPECT_EQ(duration_text(4.2e12), "4200 s");
}

TEST(Units, RoundDurationsHaveNoDecimals) {
  EXPECT_EQ(round_duration(1), "1 ns");
  EXPECT_EQ(round_duration(200), "200 ns");
  EXPECT_EQ(round_duration(5e6), "5 ms");
  EXPECT_EQ(round_duration(1e6 * (1 - 1e-12)), "1 ms");
}

TEST(Units, NumbersAreGroupedByThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(123'456), "123,456");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
}

TEST(Units, RatesHaveDecimalsWhereTheyAreSmall) {
  EXPECT_EQ(rate_text(0), "0");
  EXPECT_EQ(rate_text(0.5), "0.50");
  EXPECT_EQ(rate_text(99.94), "99.9");
  EXPECT_EQ(rate_text(99.96), "100");
  EXPECT_EQ(rate_text(123'456.7), "123,457");
}

TEST(Units, BytesAreInPowersOfTwo) {
  EXPECT_EQ(bytes_text(20), "20 B");
  EXPECT_EQ(bytes_text(1024), "1.00 KiB");
  EXPECT_EQ(bytes_text(1.5 * 1024 * 1024), "1.50 MiB");
  EXPECT_EQ(bytes_text(-2048), "-2.00 KiB");
}

TEST(Units, PlainNumbersAreShort) {
  EXPECT_EQ(plain(0.5), "0.5");
  EXPECT_EQ(plain(10), "10");
  EXPECT_EQ(plain(0.1 + 0.2), "0.3");
}

}  // namespace
}  // namespace mote::load
