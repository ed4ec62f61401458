#include "net/liveness.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace mote::net {
namespace {

using namespace std::chrono_literals;
using Verdict = Liveness::Verdict;

constexpr Liveness::State kCalm{.output_blocked = false, .reading_paused = false};
constexpr Liveness::State kPaused{.output_blocked = false, .reading_paused = true};
constexpr Liveness::State kBlocked{.output_blocked = true, .reading_paused = false};

const Options kSlowPings = {.ping_interval = 30s, .ping_timeout = 20s};
const Options kFastPings = {.ping_interval = 10s, .ping_timeout = 60s};
const Options kNoPings = {.ping_interval = Options::kNever, .ping_timeout = Options::kNever, .write_timeout = 5s};

/// With a socket into which it writes, and the other end of that.
class LivenessTest : public testing::Test {
 protected:
  LivenessTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    transport_ = Transport(Descriptor(ends[0]));
    peer_ = Descriptor(ends[1]);
  }

  Verdict judge(std::int64_t now, Liveness::State state, const Options& options) {
    return liveness_.judge(now, state, options, transport_);
  }
  void write(std::size_t size) {
    const std::string bytes(size, 'x');
    ASSERT_EQ(::send(transport_.descriptor(), bytes.data(), size, 0), static_cast<ssize_t>(size));
  }
  void peer_reads() {
    std::array<char, 4096> room{};
    EXPECT_GT(::recv(peer_.number(), room.data(), room.size(), 0), 0);
  }

  Liveness liveness_;
  Transport transport_;
  Descriptor peer_;
};

TEST_F(LivenessTest, AQuietPeerIsPingedAndThenHasItsTimeToAnswer) {
  liveness_.heard(1000);
  EXPECT_EQ(liveness_.next_look(1000, kCalm, kSlowPings), 31'000);
  EXPECT_EQ(judge(30'999, kCalm, kSlowPings), Verdict::good);
  EXPECT_EQ(judge(31'000, kCalm, kSlowPings), Verdict::ping);
  EXPECT_EQ(liveness_.next_look(31'000, kCalm, kSlowPings), 51'000) << "not with the next ping only";
  EXPECT_EQ(judge(50'999, kCalm, kSlowPings), Verdict::good);
  EXPECT_EQ(judge(51'000, kCalm, kSlowPings), Verdict::no_pong);
}

TEST_F(LivenessTest, TheTimeToAnswerMayBeLongerThanTheOneBetweenPings) {
  liveness_.heard(0);
  EXPECT_EQ(judge(10'000, kCalm, kFastPings), Verdict::ping);
  for (std::int64_t now = 10'000; now < 70'000; now += 10'000) {
    EXPECT_EQ(judge(now, kCalm, kFastPings), Verdict::good) << now;
    EXPECT_EQ(liveness_.next_look(now, kCalm, kFastPings), now + 10'000) << now;
  }
  EXPECT_EQ(liveness_.next_look(65'000, kCalm, kFastPings), 70'000);
  EXPECT_EQ(judge(70'000, kCalm, kFastPings), Verdict::no_pong);
}

TEST_F(LivenessTest, WhateverComesIsAnAnswer) {
  liveness_.heard(0);
  EXPECT_EQ(judge(30'000, kCalm, kSlowPings), Verdict::ping);
  liveness_.heard(49'999);
  EXPECT_EQ(judge(50'000, kCalm, kSlowPings), Verdict::good);
  EXPECT_EQ(liveness_.next_look(50'000, kCalm, kSlowPings), 79'999);
  EXPECT_EQ(judge(79'999, kCalm, kSlowPings), Verdict::ping);
}

TEST_F(LivenessTest, WhileNothingIsReadSilenceSaysNothing) {
  liveness_.heard(0);
  EXPECT_EQ(judge(30'000, kCalm, kSlowPings), Verdict::ping);
  EXPECT_EQ(judge(60'000, kPaused, kSlowPings), Verdict::good);
  EXPECT_EQ(judge(61'000, kCalm, kSlowPings), Verdict::good);
  EXPECT_EQ(judge(90'000, kCalm, kSlowPings), Verdict::ping);
}

TEST_F(LivenessTest, OutputThatWaitsHasToMoveInItsTime) {
  write(3000);
  write(5000);
  liveness_.output_progressed(1000, transport_, true);
  EXPECT_EQ(liveness_.next_look(1000, kBlocked, kNoPings), 6000);
  EXPECT_EQ(judge(5999, kBlocked, kNoPings), Verdict::good);
  peer_reads();
  EXPECT_EQ(judge(6000, kBlocked, kNoPings), Verdict::good) << "the kernel has not said so, but some was read";
  EXPECT_EQ(liveness_.next_look(6000, kBlocked, kNoPings), 11'000);
  EXPECT_EQ(judge(11'000, kBlocked, kNoPings), Verdict::no_progress);
}

TEST_F(LivenessTest, NeverIsNever) {
  liveness_.heard(0);
  EXPECT_EQ(liveness_.next_look(0, kCalm, kNoPings), kNoDeadline);
  EXPECT_EQ(judge(1'000'000'000, kCalm, kNoPings), Verdict::good);
}

}  // namespace
}  // namespace mote::net
