#include "load/process_facts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <thread>

#include "load/clock.h"

namespace mote::load {
namespace {

TEST(ProcessFacts, FindsTheTicksWhateverTheProgramIsCalled) {
  constexpr std::string_view after = " S 1 2 3 4 5 6 7 8 9 10 123 45 0 0 20 0 1 0 100 200 300";
  for (const std::string_view name : {"(server)", "(a b)", "(:-) 1 2 3)", "(((("}) {
    const auto ticks = parse_stat(std::string("4711 ").append(name).append(name == "((((" ? ")" : "").append(after));
    ASSERT_TRUE(ticks) << name;
    EXPECT_EQ(ticks->user, 123);
    EXPECT_EQ(ticks->system, 45);
  }
}

TEST(ProcessFacts, TakesNothingElseForAStat) {
  for (const std::string_view text : {"", "4711", "4711 (x)", "4711 (x) S 1 2 3", "1 (x) S 1 2 3 4 5 6 7 8 9 10 a b"}) {
    EXPECT_FALSE(parse_stat(text)) << text;
  }
}

TEST(ProcessFacts, CountTheTimeOfAllThreadsEndedOnesToo) {
  const auto before = read_process(::getpid());
  ASSERT_TRUE(before);
  EXPECT_GT(before->resident_bytes, 100'000);
  std::thread([] {
    const std::int64_t begin = own_cpu().total_ns();
    while (own_cpu().total_ns() - begin < kSecond / 10) {
    }
  }).join();
  const auto after = read_process(::getpid());
  ASSERT_TRUE(after);
  EXPECT_GE((after->cpu - before->cpu).total_ns(), kSecond * 6 / 100) << "0.1 s, less the clock's steps";
}

TEST(ProcessFacts, AreNoneOfAProcessThatThereIsNot) { EXPECT_FALSE(read_process(std::numeric_limits<int>::max())); }

}  // namespace
}  // namespace mote::load
