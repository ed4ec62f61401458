#include "core/block_cache.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "core/byte_buffer.h"

namespace mote::core {
namespace {

constexpr bool kKeeps = BlockCache::kKeeps;
constexpr std::size_t kLarge = 1024 * 1024;

TEST(BlockCache, GivesOutAgainWhatWasGivenBack) {
  BlockCache cache;
  auto block = cache.take(kLarge);
  const std::byte* const memory = block.memory.get();
  EXPECT_EQ(block.size, kLarge);
  EXPECT_EQ(cache.bytes(), 0U);
  cache.give(std::move(block));
  EXPECT_EQ(cache.bytes(), kKeeps ? kLarge : 0U);
  auto again = cache.take(kLarge / 2);  // not too small a part of it
  EXPECT_EQ(again.memory.get() == memory, kKeeps);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(BlockCache, ABlockMuchTooLargeIsLeftForOthers) {
  BlockCache cache;
  cache.give(cache.take(kLarge));
  const auto block = cache.take(kLarge / 2 - 1);
  EXPECT_EQ(block.size, kLarge / 2 - 1);
  EXPECT_EQ(cache.bytes(), kKeeps ? kLarge : 0U);
}

TEST(BlockCache, OfThoseThatFitItGivesTheSmallest) {
  BlockCache cache;
  auto larger = cache.take(kLarge + 2);
  auto smaller = cache.take(kLarge + 1);
  cache.give(std::move(larger));
  cache.give(std::move(smaller));
  EXPECT_EQ(cache.take(kLarge).size, kKeeps ? kLarge + 1 : kLarge);
}

TEST(BlockCache, KeepsSoMuchAndNoMore) {
  BlockCache cache;
  std::vector<BlockCache::Block> blocks;
  for (int i = 0; i < 10; ++i) blocks.push_back(cache.take(kLarge));
  for (int i = 0; i < 20; ++i) blocks.push_back(cache.take(BlockCache::kSmallestBytes));
  for (auto& block : blocks) cache.give(std::move(block));
  EXPECT_LE(cache.bytes(), BlockCache::kMostBytes);
  EXPECT_GE(cache.bytes(), kKeeps ? BlockCache::kMostBytes - kLarge : 0U);
  cache.give(BlockCache().take(BlockCache::kSmallestBytes - 1));
  EXPECT_LE(cache.bytes(), BlockCache::kMostBytes);
}

TEST(BlockCache, SmallBlocksAreNotKept) {
  BlockCache cache;
  cache.give(cache.take(BlockCache::kSmallestBytes - 1));
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(BlockCache, ABufferTakesItsMemoryFromItAndGivesItBack) {
  BlockCache cache;
  const std::vector<std::byte> bytes(kLarge, std::byte{7});
  {
    ByteBuffer buffer(&cache);
    buffer.append(bytes);
    buffer.append(bytes);  // grows
    EXPECT_EQ(cache.bytes(), kKeeps ? kLarge : 0U);
    const std::byte* const where = buffer.bytes().data();
    ByteBuffer moved(std::move(buffer));
    EXPECT_EQ(moved.bytes().data(), where);
    EXPECT_EQ(moved.size(), 2 * kLarge);
    moved.consume(2 * kLarge);
    EXPECT_EQ(cache.bytes(), kKeeps ? 3 * kLarge : 0U);
    moved.append(bytes);
    EXPECT_EQ(cache.bytes(), kKeeps ? 2 * kLarge : 0U);
  }
  EXPECT_EQ(cache.bytes(), kKeeps ? 3 * kLarge : 0U);
}

TEST(BlockCache, CountsWhatIsOut) {
  BlockCache cache;
  auto small = cache.take(100);
  auto large = cache.take(kLarge);
  EXPECT_EQ(cache.lent_bytes(), 100 + kLarge);
  cache.give(std::move(large));
  EXPECT_EQ(cache.lent_bytes(), 100U);  // what is kept is nobody's
  cache.give(std::move(small));
  cache.give({});
  EXPECT_EQ(cache.lent_bytes(), 0U);
}

TEST(BlockCache, CountsTheBuffersThatBelongToIt) {
  BlockCache cache;
  {
    ByteBuffer buffer(&cache);
    buffer.append(std::vector<std::byte>(1000));
    EXPECT_EQ(cache.lent_bytes(), buffer.capacity());
    buffer.append(std::vector<std::byte>(5000));
    EXPECT_EQ(cache.lent_bytes(), buffer.capacity());
    ByteBuffer moved(std::move(buffer));
    EXPECT_EQ(cache.lent_bytes(), moved.capacity());
    moved.consume(6000);
    EXPECT_EQ(cache.lent_bytes(), 0U);
    moved.append(std::vector<std::byte>(10));
  }
  EXPECT_EQ(cache.lent_bytes(), 0U);
}

TEST(BlockCache, CountsABufferThatJoinsItOnce) {
  BlockCache cache;
  BlockCache other;
  ByteBuffer buffer;
  buffer.append(std::vector<std::byte>(1000));
  buffer.join(cache);
  buffer.join(cache);
  buffer.join(other);
  EXPECT_EQ(cache.lent_bytes(), 1000U);
  EXPECT_EQ(other.lent_bytes(), 0U);
  buffer.clear();
  EXPECT_EQ(cache.lent_bytes(), 0U);
}

TEST(BlockCache, CountsASharesMemoryAsLongAsItLives) {
  BlockCache cache;
  {
    BlockCache::Share share(&cache, 1000);
    EXPECT_EQ(cache.lent_bytes(), 1000U);
    BlockCache::Share moved(std::move(share));
    EXPECT_EQ(cache.lent_bytes(), 1000U);
    moved = BlockCache::Share(&cache, 10);
    EXPECT_EQ(cache.lent_bytes(), 10U);
    EXPECT_EQ(moved.size(), 10U);
    moved = {};
    EXPECT_EQ(cache.lent_bytes(), 0U);
    moved = BlockCache::Share(&cache, 1);
    EXPECT_EQ(BlockCache::Share(nullptr, 7).size(), 0U);
  }
  EXPECT_EQ(cache.lent_bytes(), 0U);
}

TEST(BlockCache, SaysWhenMoreIsOutThanItShould) {
  BlockCache cache;
  int alarms = 0;
  cache.watch(1000, [&] { ++alarms; });
  auto first = cache.take(1000);
  EXPECT_EQ(alarms, 0);
  auto second = cache.take(1);
  EXPECT_EQ(alarms, 1);
  cache.adopt(5);
  EXPECT_EQ(alarms, 2);
  const BlockCache::Share share(&cache, 1);
  EXPECT_EQ(alarms, 3);
  cache.unwatch();
  cache.adopt(5);
  EXPECT_EQ(alarms, 3);
}

}  // namespace
}  // namespace mote::core
