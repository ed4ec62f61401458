#include "core/random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <thread>
#include <vector>

namespace mote::core {
namespace {

using Sample = std::array<std::byte, 16>;

Sample sample() {
  Sample bytes{};
  fill_random(bytes);
  return bytes;
}

// Sizes on both sides of the pool's 256 bytes, from every fill level that the sizes before have left.
TEST(Random, FillsEveryByteOfEverySize) {
  for (std::size_t size = 0; size < 600; ++size) {
    const std::unique_ptr<std::byte[]> block(new std::byte[size]);  // exactly sized
    std::vector<bool> written(size);
    for (int attempt = 0; attempt < 64; ++attempt) {  // a byte stays 0 each time: 1 in 256^64
      std::fill_n(block.get(), size, std::byte{0});
      fill_random({block.get(), size});
      for (std::size_t i = 0; i < size; ++i) written[i] = written[i] || block[i] != std::byte{0};
    }
    for (std::size_t i = 0; i < size; ++i) ASSERT_TRUE(written[i]) << "byte " << i << " of " << size;
  }
}

TEST(Random, NeverHandsOutTheSameTwice) {
  std::set<Sample> seen;
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(seen.insert(sample()).second) << "after " << i;
}

// Not a test of the kernel's generator: of what the pool makes of it.
TEST(Random, UsesAllValuesAboutEquallyOften) {
  std::array<std::size_t, 256> count{};
  std::size_t ones = 0;
  constexpr std::size_t kTotal = 1 << 20;
  for (std::size_t i = 0; i < kTotal / sizeof(Sample); ++i) {
    for (const std::byte byte : sample()) {
      ++count[std::to_integer<std::size_t>(byte)];
      ones += static_cast<std::size_t>(std::popcount(std::to_integer<unsigned>(byte)));
    }
  }
  // 4096 of each are expected, with a standard deviation of 64; twelve of those never happen.
  for (const auto times : count) EXPECT_NEAR(static_cast<double>(times), 4096, 768);
  EXPECT_NEAR(static_cast<double>(ones), 4.0 * kTotal, 20'000);
}

TEST(Random, ThreadsGetDifferentBytes) {
  std::array<Sample, 8> samples;
  std::vector<std::thread> threads;
  for (Sample& mine : samples) threads.emplace_back([&mine] { mine = sample(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<Sample>(samples.begin(), samples.end()).size(), samples.size());
}

// A forked child has a copy of the pool: two processes would hand out the same ids and masking keys.
TEST(Random, AForkedChildGetsOtherBytesThanItsParent) {
  (void)sample();  // the pool is filled before
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Sample theirs = sample();
    ::_exit(::write(ends[1], theirs.data(), theirs.size()) == static_cast<ssize_t>(theirs.size()) ? 0 : 1);
  }
  const Sample ours = sample();
  Sample theirs{};
  EXPECT_EQ(::read(ends[0], theirs.data(), theirs.size()), static_cast<ssize_t>(theirs.size()));
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_NE(ours, theirs);
}

}  // namespace
}  // namespace mote::core
