#include "core/byte_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>

#include "tests/support/feed.h"

namespace mote::core {
namespace {

using mote::test::ExactBlock;

std::string contents(const ByteBuffer& buffer) {
  const auto bytes = buffer.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append(ByteBuffer& buffer, std::string_view text) {
  const ExactBlock block(text);
  buffer.append(std::as_bytes(std::span(block.view())));
}

TEST(ByteBuffer, OwnsNothingWhileItIsEmpty) {
  ByteBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.size(), 0U);
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_TRUE(buffer.bytes().empty());
  buffer.append({});
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_TRUE(buffer.prepare(0).empty());
  EXPECT_EQ(buffer.capacity(), 0U);
}

TEST(ByteBuffer, GivesBackWhatWasAppendedInOrder) {
  ByteBuffer buffer;
  append(buffer, "one ");
  append(buffer, "");
  append(buffer, "two ");
  append(buffer, "three");
  EXPECT_EQ(contents(buffer), "one two three");
  buffer.consume(4);
  EXPECT_EQ(contents(buffer), "two three");
}

TEST(ByteBuffer, FreesItsMemoryWithTheLastByte) {
  ByteBuffer buffer;
  append(buffer, "abc");
  buffer.consume(2);
  EXPECT_NE(buffer.capacity(), 0U);
  buffer.consume(1);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.capacity(), 0U);
  append(buffer, "again");
  EXPECT_EQ(contents(buffer), "again");
  buffer.clear();
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_TRUE(buffer.bytes().empty());
}

TEST(ByteBuffer, MakesRoomForWhatIsWantedAtOnceAndTheMinimumInAnyCase) {
  ByteBuffer buffer;
  EXPECT_GE(buffer.prepare(10, 100).size(), 100U);
  EXPECT_EQ(buffer.capacity(), 100U);
  buffer.commit(95);
  EXPECT_EQ(buffer.prepare(5, 1000).size(), 5U) << "there is room: nothing has to grow";
  EXPECT_GE(buffer.prepare(6).size(), 6U);
  EXPECT_EQ(buffer.size(), 95U);
}

TEST(ByteBuffer, MovesToTheFrontWhereThatMakesExactlyTheRoom) {
  ByteBuffer buffer;
  append(buffer, std::string(10, 'x'));
  ASSERT_EQ(buffer.capacity(), 10U);
  const std::byte* const block = buffer.bytes().data();
  buffer.consume(6);
  EXPECT_EQ(buffer.prepare(6).size(), 6U);
  EXPECT_EQ(buffer.bytes().data(), block) << "no other block is needed";
  EXPECT_EQ(contents(buffer), "xxxx");
  EXPECT_GT((buffer.prepare(7), buffer.capacity()), 10U);
}

TEST(ByteBuffer, RoomThatIsPreparedTwiceWithoutACommitIsTheSame) {
  ByteBuffer buffer;
  const auto first = buffer.prepare(10);
  const auto second = buffer.prepare(10);
  EXPECT_EQ(first.data(), second.data());
  EXPECT_EQ(first.size(), second.size());
  EXPECT_TRUE(buffer.empty());
}

TEST(ByteBuffer, AGrowthThatFailsLeavesTheContents) {
  ByteBuffer buffer;
  append(buffer, "kept");
  constexpr std::size_t too_much = std::numeric_limits<std::size_t>::max() / 2;
  EXPECT_THROW((void)buffer.prepare(too_much), std::bad_alloc);
  EXPECT_EQ(contents(buffer), "kept");
  append(buffer, " on");
  EXPECT_EQ(contents(buffer), "kept on");
}

// A sum that wraps around would make a small block that claims to be a large one.
TEST(ByteBuffer, ARequestNearTheEndOfTheAddressSpaceFailsInsteadOfWrapping) {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  for (std::size_t less = 0; less < 8; ++less) {
    ByteBuffer buffer;
    append(buffer, "abc");
    EXPECT_THROW((void)buffer.prepare(most - less), std::bad_alloc) << less;
    EXPECT_THROW((void)buffer.prepare(4, most - less), std::bad_alloc) << less;
    EXPECT_EQ(contents(buffer), "abc");
    EXPECT_LE(buffer.capacity(), 16U);
  }
}

// What was moved from may be used on, with nothing in it.
TEST(ByteBuffer, IsMovedWithItsBytesAndNotCopied) {
  static_assert(!std::is_copy_constructible_v<ByteBuffer> && !std::is_copy_assignable_v<ByteBuffer>);
  ByteBuffer from;
  from.append(std::vector<std::byte>(100, std::byte{1}));
  const std::byte* const where = from.bytes().data();
  ByteBuffer to;
  to = std::move(from);
  EXPECT_EQ(to.bytes().data(), where);
  EXPECT_EQ(to.size(), 100U);
  from.append(std::vector<std::byte>(7, std::byte{2}));  // NOLINT(bugprone-use-after-move): that is what is promised
  to = std::move(from);
  EXPECT_EQ(to.size(), 7U);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move)
}

TEST(ByteBuffer, DoesWhatAStringDoesUnderRandomUse) {
  constexpr std::uint32_t seed = 20260801;
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  ByteBuffer buffer;
  std::string model;
  for (int step = 0; step < 200'000; ++step) {
    const std::size_t size = random() % (random() % 16 == 0 ? 500 : 12);
    const auto letter = static_cast<char>('a' + random() % 26);
    switch (random() % 4) {
      case 0:
        append(buffer, std::string(size, letter));
        model.append(size, letter);
        break;
      case 1: {
        const auto room = buffer.prepare(size, random() % 64);
        ASSERT_GE(room.size(), size);
        std::fill(room.begin(), room.end(), std::byte{'!'});  // all of it may be written to
        std::fill_n(room.begin(), size, static_cast<std::byte>(letter));
        buffer.commit(size);
        model.append(size, letter);
        break;
      }
      case 2:
      case 3: {
        const std::size_t count = std::min(size * 5 / 4, model.size());
        buffer.consume(count);
        model.erase(0, count);
        break;
      }
    }
    ASSERT_EQ(buffer.size(), model.size());
    ASSERT_EQ(buffer.empty(), model.empty());
    if (step % 64 == 0) {
      ASSERT_EQ(contents(buffer), model) << "step " << step;
    }
  }
}

// Counts how often the contents are moved: a queue that is fed and emptied at the same pace must not be copied again
// and again, however long it is. Emptied first it has a little room at the front and none at the back.
TEST(ByteBuffer, MovesEachByteOnlyAFewTimes) {
  for (const std::size_t length : {16U, 1000U, 10'000U}) {
    for (const std::size_t emptied_first : {0U, 1U}) {
      ByteBuffer buffer;
      append(buffer, std::string(length, 'x'));
      std::size_t moved = 0;
      const std::size_t total = 20 * length;
      for (std::size_t i = 0; i < total; ++i) {
        buffer.consume(emptied_first);
        const std::byte* const before = buffer.bytes().data();
        *buffer.prepare(1).data() = std::byte{'x'};
        if (buffer.bytes().data() != before) moved += buffer.size();
        buffer.commit(1);
        buffer.consume(1 - emptied_first);
      }
      EXPECT_LE(moved, 2 * total) << "queue of " << length;
      EXPECT_LE(buffer.capacity(), 4 * length) << "queue of " << length;
    }
  }
}

TEST(ByteBuffer, GrowsInProportionToItsContents) {
  ByteBuffer buffer;
  std::size_t moved = 0;
  for (std::size_t i = 0; i < 1'000'000; ++i) {
    const std::size_t before = buffer.capacity();
    *buffer.prepare(1).data() = std::byte{'x'};
    if (buffer.capacity() != before) moved += buffer.size();
    buffer.commit(1);
  }
  EXPECT_LE(moved, 2'000'000U);
  EXPECT_LE(buffer.capacity(), 2'000'000U);
}

}  // namespace
}  // namespace mote::core
