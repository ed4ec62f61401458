#include "net/backoff.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <vector>

namespace mote::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

Reconnect without_jitter() {
  return {.attempts = Reconnect::kForever, .first_delay = 100ms, .longest_delay = 1000ms, .factor = 2, .jitter = 0};
}

std::vector<milliseconds> delays(const Reconnect& reconnect, std::uint32_t count, double random) {
  std::vector<milliseconds> all;
  for (std::uint32_t i = 1; i <= count; ++i) all.push_back(Backoff::delay(reconnect, i, random));
  return all;
}

TEST(Backoff, DelaysGrowByTheFactorUpToTheLongest) {  // checklist 63
  EXPECT_EQ(delays(without_jitter(), 6, 0.9), (std::vector{100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}));
  Reconnect reconnect = without_jitter();
  reconnect.factor = 1.5;
  EXPECT_EQ(delays(reconnect, 4, 0), (std::vector{100ms, 150ms, 225ms, 337ms}));
  reconnect.factor = 1;
  EXPECT_EQ(delays(reconnect, 3, 0), (std::vector{100ms, 100ms, 100ms}));
}

TEST(Backoff, JitterShortensADelayByUpToItsPart) {
  Reconnect reconnect = without_jitter();
  reconnect.jitter = 0.5;
  EXPECT_EQ(delays(reconnect, 5, 0), (std::vector{100ms, 200ms, 400ms, 800ms, 1000ms}));
  EXPECT_EQ(delays(reconnect, 5, 0.5), (std::vector{75ms, 150ms, 300ms, 600ms, 750ms}));
  EXPECT_GE(Backoff::delay(reconnect, 1, 0.999'999), 50ms);
  reconnect.jitter = 1;
  EXPECT_EQ(Backoff::delay(reconnect, 1, 0.75), 25ms);
}

TEST(Backoff, DrawsADelayAnywhereBetweenTheBounds) {
  Reconnect reconnect = without_jitter();
  reconnect.longest_delay = 100'000ms;
  reconnect.first_delay = 100'000ms;
  reconnect.jitter = 0.25;
  Backoff backoff(reconnect);
  std::set<milliseconds> seen;
  for (int i = 0; i < 2000; ++i) {
    const auto delay = backoff.next();
    ASSERT_TRUE(delay.has_value());
    ASSERT_GE(*delay, 75'000ms);
    ASSERT_LE(*delay, 100'000ms);
    seen.insert(*delay);
  }
  // That none of 2000 comes into the outer twentieths of the range has a chance of less than 10^-44.
  EXPECT_LT(*seen.begin(), 76'250ms);
  EXPECT_GT(*seen.rbegin(), 98'750ms);
  EXPECT_GT(seen.size(), 1500U) << "of 25,000";
}

TEST(Backoff, GivesUpAfterSoManyAttempts) {
  EXPECT_FALSE(Backoff(Reconnect{}).next().has_value()) << "the default is none";
  Reconnect reconnect = without_jitter();
  reconnect.attempts = 3;
  Backoff backoff(reconnect);
  EXPECT_EQ(backoff.next(), 100ms);
  EXPECT_EQ(backoff.next(), 200ms);
  EXPECT_EQ(backoff.next(), 400ms);
  EXPECT_FALSE(backoff.next().has_value());
  EXPECT_FALSE(backoff.next().has_value());
}

TEST(Backoff, AConnectionThatOpenedBeginsAnew) {
  Reconnect reconnect = without_jitter();
  reconnect.attempts = 2;
  Backoff backoff(reconnect);
  EXPECT_EQ(backoff.next(), 100ms);
  EXPECT_EQ(backoff.next(), 200ms);
  backoff.reset();
  EXPECT_EQ(backoff.next(), 100ms);
  EXPECT_EQ(backoff.next(), 200ms);
  EXPECT_FALSE(backoff.next().has_value());
}

TEST(Backoff, NoChoiceAndNoNumberOfFailuresOverflows) {
  Reconnect reconnect = without_jitter();
  EXPECT_EQ(Backoff::delay(reconnect, 1'000'000, 0), 1000ms);
  EXPECT_EQ(Backoff::delay(reconnect, Reconnect::kForever, 0), 1000ms);
  reconnect.first_delay = 0ms;
  EXPECT_EQ(Backoff::delay(reconnect, 1'000'000, 0), 0ms);
  reconnect.first_delay = 5000ms;
  EXPECT_EQ(Backoff::delay(reconnect, 1, 0), 1000ms) << "no delay is longer than the longest";
  reconnect.first_delay = reconnect.longest_delay = milliseconds::max();
  reconnect.factor = 1e300;
  for (const std::uint32_t failures : {1U, 2U, 3U, Reconnect::kForever}) {
    EXPECT_GE(Backoff::delay(reconnect, failures, 0), milliseconds::max() / 4) << failures;
  }
}

}  // namespace
}  // namespace mote::net
