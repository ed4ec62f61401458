#include "core/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace mote::core {
namespace {

constexpr std::uint64_t kNever = TimerWheel::kNever;
constexpr std::uint64_t kSpan = std::uint64_t{1} << 24;  // 64^4 ticks: what the levels cover
constexpr std::uint32_t kSeed = 20260802;

struct Node final : TimerNode {};

// Distances about where one level ends and the next begins, and some far beyond the last.
constexpr std::array<std::uint64_t, 24> kDistances = {1,
                                                      2,
                                                      63,
                                                      64,
                                                      65,
                                                      127,
                                                      4095,
                                                      4096,
                                                      4097,
                                                      262'143,
                                                      262'144,
                                                      262'145,
                                                      kSpan - 1,
                                                      kSpan,
                                                      kSpan + 1,
                                                      kSpan * 2,
                                                      kSpan * 63,
                                                      kSpan * 64,
                                                      kSpan * 64 + 1,
                                                      kSpan * 65,
                                                      std::uint64_t{1} << 32,
                                                      100,
                                                      5000,
                                                      300'000};

// The ticks at which one timer fires, when advance is called at each tick that next() names.
std::vector<std::uint64_t> fired_at(TimerWheel& wheel, std::size_t& wakes) {
  std::vector<std::uint64_t> ticks;
  for (wakes = 0; wheel.next() != kNever; ++wakes) {
    const std::uint64_t tick = wheel.next();
    EXPECT_GT(tick, wheel.now());
    wheel.advance(tick, [&](TimerNode& node) {
      EXPECT_FALSE(node.armed());
      EXPECT_EQ(wheel.now(), node.due());
      ticks.push_back(wheel.now());
    });
    EXPECT_EQ(wheel.now(), tick);
  }
  return ticks;
}

TEST(TimerWheel, HasNothingToWaitForWhereNothingIsArmed) {
  TimerWheel wheel;
  EXPECT_EQ(wheel.next(), kNever);
  wheel.advance(1'000'000'000'000, [](TimerNode&) { FAIL(); });
  EXPECT_EQ(wheel.now(), 1'000'000'000'000U);
  EXPECT_EQ(wheel.next(), kNever);
}

TEST(TimerWheel, FiresOnceAtTheExactTick) {
  for (const std::uint64_t start : {0U, 1U, 63U, 64U, 4095U, 262'143U, 16'777'215U, 16'777'216U, 123'456'789U}) {
    for (const std::uint64_t distance : kDistances) {
      TimerWheel wheel;
      wheel.advance(start, [](TimerNode&) { FAIL(); });
      Node node;
      wheel.arm(node, start + distance);
      EXPECT_TRUE(node.armed());
      EXPECT_EQ(node.due(), start + distance);
      std::size_t wakes = 0;
      EXPECT_EQ(fired_at(wheel, wakes), std::vector{start + distance}) << start << " + " << distance;
      EXPECT_FALSE(node.armed());
    }
  }
}

TEST(TimerWheel, FiresAtTheExactTickOfALongLeapToo) {
  for (const std::uint64_t distance : kDistances) {
    TimerWheel wheel;
    Node node;
    wheel.arm(node, distance);
    wheel.advance(distance - 1, [](TimerNode&) { FAIL(); });
    EXPECT_TRUE(node.armed());
    int fired = 0;
    wheel.advance(distance + 10 * kSpan, [&](TimerNode&) { fired += wheel.now() == distance ? 1 : 100; });
    EXPECT_EQ(fired, 1) << distance;
  }
}

TEST(TimerWheel, ATickThatHasPassedFiresAtTheNextOne) {
  TimerWheel wheel;
  wheel.advance(1000, [](TimerNode&) {});
  for (const std::uint64_t due : {0U, 999U, 1000U, 1001U}) {
    Node node;
    wheel.arm(node, due);
    EXPECT_EQ(node.due(), 1001U);
    EXPECT_EQ(wheel.next(), 1001U);
    wheel.disarm(node);
  }
}

TEST(TimerWheel, TheFarthestTickThereIsCanBeArmed) {
  TimerWheel wheel;
  Node node;
  wheel.arm(node, kNever);
  EXPECT_LE(wheel.next(), kSpan);
  wheel.advance(std::uint64_t{1} << 36, [](TimerNode&) { FAIL(); });
  EXPECT_TRUE(node.armed());
  wheel.disarm(node);
}

TEST(TimerWheel, ArmingAnewReplacesTheTick) {
  TimerWheel wheel;
  Node node;
  wheel.arm(node, 10);
  wheel.arm(node, 100'000);
  wheel.arm(node, 500);
  std::size_t wakes = 0;
  EXPECT_EQ(fired_at(wheel, wakes), std::vector<std::uint64_t>{500});
}

TEST(TimerWheel, DisarmingTwiceOrNeverArmedIsHarmless) {
  TimerWheel wheel;
  Node node;
  wheel.disarm(node);
  wheel.arm(node, 10);
  wheel.disarm(node);
  wheel.disarm(node);
  EXPECT_FALSE(node.armed());
  std::size_t wakes = 0;
  EXPECT_TRUE(fired_at(wheel, wakes).empty());
}

TEST(TimerWheel, AdvancingToThePresentOrThePastDoesNothing) {
  TimerWheel wheel;
  Node node;
  wheel.advance(100, [](TimerNode&) {});
  wheel.arm(node, 101);
  wheel.advance(100, [](TimerNode&) { FAIL(); });
  wheel.advance(5, [](TimerNode&) { FAIL(); });
  EXPECT_EQ(wheel.now(), 100U);
  wheel.disarm(node);
}

// A periodic timer that fell behind: each firing arms it for a tick that the same call of advance still reaches.
TEST(TimerWheel, ATimerArmedInsideFireFiresInTheSameAdvanceWhereItIsDue) {
  TimerWheel wheel;
  Node node;
  wheel.arm(node, 10);
  std::vector<std::uint64_t> ticks;
  wheel.advance(10'000, [&](TimerNode& fired) {
    ticks.push_back(wheel.now());
    wheel.arm(fired, wheel.now() + 10);
  });
  ASSERT_EQ(ticks.size(), 1000U);
  for (std::size_t i = 0; i < ticks.size(); ++i) ASSERT_EQ(ticks[i], 10 * (i + 1));
  EXPECT_EQ(node.due(), 10'010U);
  wheel.disarm(node);
}

// Attack 33: what is disarmed, or destroyed, by another one's firing at the same tick must not fire.
TEST(TimerWheel, FireMayDisarmAndDestroyOthersOfTheSameTick) {
  for (const std::uint64_t due : {5U, 64U, 4096U, 5000U}) {
    TimerWheel wheel;
    std::vector<std::unique_ptr<Node>> nodes;
    for (int i = 0; i < 4; ++i) wheel.arm(*nodes.emplace_back(std::make_unique<Node>()), due);
    int fired = 0;
    wheel.advance(due, [&](TimerNode& node) {
      ++fired;
      for (auto& other : nodes) {
        if (other.get() == &node) continue;
        wheel.disarm(*other);
        other.reset();
      }
      nodes.erase(std::remove(nodes.begin(), nodes.end(), nullptr), nodes.end());
    });
    EXPECT_EQ(fired, 1) << due;
    EXPECT_EQ(nodes.size(), 1U);
  }
}

TEST(TimerWheel, FireMayDisarmWhatItWasCalledFor) {
  TimerWheel wheel;
  Node node;
  wheel.arm(node, 5);
  wheel.advance(5, [&](TimerNode& fired) {
    wheel.disarm(fired);
    wheel.arm(fired, 7);
    wheel.disarm(fired);
  });
  EXPECT_FALSE(node.armed());
}

// The wheel, and beside it what it ought to do.
class Modelled {
 public:
  explicit Modelled(std::uint32_t seed, std::size_t count) : random_(seed), nodes_(count), places_(count) {
    places_.assign(count, model_.end());
  }
  ~Modelled() {
    for (Node& node : nodes_) wheel_.disarm(node);
  }
  Modelled(const Modelled&) = delete;
  Modelled& operator=(const Modelled&) = delete;

  void step() {
    const std::uint64_t choice = random_() % 8;
    if (choice < 4) {
      arm(any());
    } else if (choice == 4) {
      disarm(any());
    } else {
      advance(choice == 5 && wheel_.next() != kNever ? wheel_.next() : wheel_.now() + distance() / 2);
    }
    check_next();
  }

  /// To the end, tick by named tick.
  void finish() {
    rearms_ = false;
    while (wheel_.next() != kNever) {
      advance(wheel_.next());
      check_next();
    }
    EXPECT_TRUE(model_.empty());
  }

  std::size_t fired = 0;

 private:
  using Model = std::multimap<std::uint64_t, std::size_t>;

  std::size_t any() { return random_() % nodes_.size(); }

  std::uint64_t distance() {
    switch (random_() % 16) {
      case 0:
        return random_() % (kSpan * 8);
      case 1:
        return kDistances[random_() % kDistances.size()] + random_() % 3 - 1;
      default:
        return random_() % (std::uint64_t{1} << (random_() % 26));
    }
  }

  void arm(std::size_t i) {
    const std::uint64_t now = wheel_.now();
    const std::uint64_t due = random_() % 32 == 0 ? now - std::min<std::uint64_t>(now, 5) : now + distance();
    disarm(i);
    wheel_.arm(nodes_[i], due);
    places_[i] = model_.emplace(std::max(due, now + 1), i);
    ASSERT_EQ(nodes_[i].due(), places_[i]->first);
  }

  void disarm(std::size_t i) {
    ASSERT_EQ(nodes_[i].armed(), places_[i] != model_.end());
    wheel_.disarm(nodes_[i]);
    if (places_[i] != model_.end()) model_.erase(places_[i]);
    places_[i] = model_.end();
  }

  void advance(std::uint64_t tick) {
    wheel_.advance(tick, [&](TimerNode& node) { fire(static_cast<Node&>(node)); });
    ASSERT_EQ(wheel_.now(), tick);
    ASSERT_TRUE(model_.empty() || model_.begin()->first > tick) << "one that is due has not fired";
  }

  void fire(Node& node) {
    const auto i = static_cast<std::size_t>(&node - nodes_.data());
    ASSERT_NE(places_[i], model_.end()) << "fired, though not armed";
    ASSERT_FALSE(node.armed());
    ASSERT_EQ(places_[i]->first, wheel_.now());
    ASSERT_EQ(model_.begin()->first, wheel_.now()) << "an earlier one was left out";
    model_.erase(places_[i]);
    places_[i] = model_.end();
    ++fired;
    if (!rearms_) return;
    if (random_() % 4 == 0) arm(i);
    if (random_() % 8 == 0) arm(any());
    if (random_() % 4 == 0) disarm(any());
  }

  void check_next() {
    if (model_.empty()) return;
    ASSERT_LE(wheel_.next(), model_.begin()->first);
    ASSERT_GT(wheel_.next(), wheel_.now());
  }

  std::mt19937_64 random_;
  TimerWheel wheel_;
  Model model_;
  std::vector<Node> nodes_;
  std::vector<Model::iterator> places_;
  bool rearms_ = true;
};

TEST(TimerWheel, DoesWhatASortedListDoesUnderRandomUse) {
  std::printf("seed %u\n", kSeed);
  std::size_t fired = 0;
  for (std::uint32_t run = 0; run < 40; ++run) {
    Modelled modelled(kSeed + run, run % 4 == 0 ? 3 : 200);
    for (int step = 0; step < 10'000 && !testing::Test::HasFatalFailure(); ++step) modelled.step();
    modelled.finish();
    fired += modelled.fired;
    ASSERT_FALSE(HasFatalFailure()) << "run " << run;
  }
  EXPECT_GT(fired, 50'000U);
}

TEST(TimerWheel, HoldsAMillionTimers) {
  constexpr std::size_t count = 1'000'000;
  constexpr std::uint64_t farthest = 3 * kSpan;
  std::printf("seed %u\n", kSeed);
  std::mt19937_64 random(kSeed);
  TimerWheel wheel;
  std::vector<Node> nodes(count);
  for (Node& node : nodes) wheel.arm(node, 1 + random() % farthest);
  for (std::size_t i = 0; i < count; i += 4) wheel.disarm(nodes[i]);
  for (std::size_t i = 0; i < count; i += 8) wheel.arm(nodes[i], 1 + random() % farthest);

  std::size_t fired = 0;
  std::size_t late_or_early = 0;
  while (wheel.next() != kNever) {
    wheel.advance(wheel.next(), [&](TimerNode& node) {
      ++fired;
      if (node.due() != wheel.now()) ++late_or_early;
    });
  }
  EXPECT_EQ(fired, count - count / 8);
  EXPECT_EQ(late_or_early, 0U);
}

// ---- How often next() wakes for nothing

TEST(TimerWheel, OneTimerWakesForNothingOnceALevelAndOnceASpan) {
  for (const std::uint64_t start : {0U, 1U, 4095U, 123'456'789U}) {
    for (const std::uint64_t distance : kDistances) {
      TimerWheel wheel;
      wheel.advance(start, [](TimerNode&) {});
      Node node;
      wheel.arm(node, start + distance);
      std::size_t wakes = 0;
      (void)fired_at(wheel, wakes);
      // Beyond the span it is sorted anew when the farthest slot comes, 63 slots of 64^3 ticks away.
      EXPECT_LE(wakes - 1, 3 + distance / (kSpan / 64 * 63)) << start << " + " << distance;
    }
  }
}

TEST(TimerWheel, DisarmedTimersWakeForNothingOnceASlot) {
  std::printf("seed %u\n", kSeed);
  std::mt19937_64 random(kSeed);
  TimerWheel wheel;
  Node node;
  for (int i = 0; i < 100'000; ++i) {
    wheel.arm(node, 1 + random() % (2 * kSpan));
    wheel.disarm(node);
  }
  std::size_t wakes = 0;
  EXPECT_TRUE(fired_at(wheel, wakes).empty());
  EXPECT_LE(wakes, 4U * 64U);
}

// What idle connections do: a timeout of half a minute each, in steps of 64 ticks as the reactor rounds them, armed
// anew whenever it fires.
TEST(TimerWheel, TimersOfIdleConnectionsShareTheirWakeUps) {
  constexpr std::uint64_t period = 30'000;
  constexpr std::uint64_t hour = 3'600'000;
  constexpr std::size_t count = 10'000;
  const auto rounded = [](std::uint64_t due) { return (due + 63) / 64 * 64; };
  std::printf("seed %u\n", kSeed);
  std::mt19937_64 random(kSeed);
  TimerWheel wheel;
  std::vector<Node> nodes(count);
  for (Node& node : nodes) wheel.arm(node, rounded(1 + random() % period));
  std::size_t wakes = 0;
  std::size_t spurious = 0;
  std::size_t fired = 0;
  for (; wheel.next() < hour; ++wakes) {
    const std::size_t before = fired;
    wheel.advance(wheel.next(), [&](TimerNode& node) {
      ++fired;
      wheel.arm(node, rounded(wheel.now() + period));
    });
    if (fired == before) ++spurious;
  }
  std::printf("%zu wake-ups in an hour for %zu firings, %zu of them for nothing\n", wakes, fired, spurious);
  EXPECT_LE(wakes, hour / 64);
  EXPECT_LE(spurious, hour / 4096 + 1) << "at most one for each slot of the third level";
  for (Node& node : nodes) wheel.disarm(node);
}

}  // namespace
}  // namespace mote::core
