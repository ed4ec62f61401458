#include "load/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "load/clock.h"
#include "load/histogram.h"

namespace mote::load {
namespace {

constexpr std::int64_t kMs = 1'000'000;

TEST(Schedule, HasMessagesDueAtTheRateFromItsStartOn) {
  const Schedule schedule(1000, 1, 5 * kSecond);
  EXPECT_EQ(schedule.due(0), 5 * kSecond);
  EXPECT_EQ(schedule.due(1), 5 * kSecond + kMs);
  EXPECT_EQ(schedule.due(86'400'000), 86'405 * kSecond) << "a day later it is not off";
}

TEST(Schedule, TakesTheConnectionsInTurn) {
  const Schedule schedule(1000, 4, 0);
  for (std::uint64_t number = 0; number < 40; ++number) {
    EXPECT_EQ(schedule.connection(number), number % 4);
    EXPECT_EQ(schedule.due(schedule.connection(number), number / 4), schedule.due(number));
  }
}

TEST(Schedule, CountsWhatIsDueWithTheNanosecondItIsDue) {
  const Schedule schedule(1000, 1, 100);
  EXPECT_EQ(schedule.count_by(99), 0U);
  EXPECT_EQ(schedule.count_by(100), 1U);
  EXPECT_EQ(schedule.count_by(100 + kMs - 1), 1U);
  EXPECT_EQ(schedule.count_by(100 + kMs), 2U);
}

TEST(Schedule, CountsAgreeWithTimesWhateverTheRate) {
  for (const double rate : {0.001, 1.0, 3.0, 7.3, 999.9, 12'345.678, 333'333.3, 1e6, 1e8}) {
    const Schedule schedule(rate, 3, 17);
    for (const std::uint64_t number : {0ULL, 1ULL, 2ULL, 99ULL, 1'000'003ULL, 77'777'777ULL}) {
      if (static_cast<double>(number) / rate > 1e6) continue;  // seconds
      const std::int64_t due = schedule.due(number);
      EXPECT_GT(schedule.count_by(due), number) << rate;
      EXPECT_LE(schedule.count_by(due - 1), number) << rate;
      EXPECT_GT(schedule.due(schedule.count_by(due)), due) << rate;
    }
  }
}

/// The latencies of 5 s with 1,000 messages a second, at a server that answers at once, and not at all from second 1 to
/// second 2; then it answers all that waited.
template <class CountsFrom>
Histogram latencies_with_a_stall(const Schedule& schedule, CountsFrom&& counts_from) {
  Histogram latencies;
  for (std::uint64_t number = 0; number < 5000; ++number) {
    const std::int64_t due = schedule.due(number);
    const bool stalled = due >= kSecond && due < 2 * kSecond;
    const std::int64_t answered = stalled ? 2 * kSecond : due;
    latencies.record(static_cast<std::uint64_t>(answered - counts_from(due, stalled)));
  }
  return latencies;
}

TEST(Schedule, AStalledServerShowsInTheLatencies) {
  const Schedule schedule(1000, 10, 0);
  const Histogram latencies = latencies_with_a_stall(schedule, [](std::int64_t due, bool) { return due; });
  // A fifth of the messages were due during the stall, and waited for half of it on average.
  EXPECT_EQ(latencies.percentile(80), 0U);
  EXPECT_NEAR(static_cast<double>(latencies.percentile(90)), 500e6, 2e6);
  EXPECT_NEAR(static_cast<double>(latencies.percentile(99)), 950e6, 2e6);
  EXPECT_NEAR(static_cast<double>(latencies.max()), 1e9, 2e6);
  EXPECT_NEAR(latencies.mean(), 100e6, 1e6);
}

TEST(Schedule, CountedFromTheSendingAStallWouldHide) {
  // What a client that waits for each answer would see: it is what the schedule is there to avoid.
  const Schedule schedule(1000, 10, 0);
  const Histogram latencies = latencies_with_a_stall(
      schedule, [](std::int64_t due, bool stalled) { return stalled && due > kSecond ? 2 * kSecond : due; });
  EXPECT_EQ(latencies.percentile(99.9), 0U);
}

}  // namespace
}  // namespace mote::load
