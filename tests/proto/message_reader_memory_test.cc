// What a MessageReader allocates. A program of its own, since it replaces operator new.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/deflate_pool.h"
#include "proto/message_reader.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/frame_stream.h"

namespace mote::proto {
namespace {

using namespace mote::test;

constexpr std::array kRoles = {Role::server, Role::client};
constexpr MessageRules kDefaults{.message_bytes = 1 << 20, .fragments = 131'072};
constexpr MessageRules kHuge{.message_bytes = std::numeric_limits<std::uint64_t>::max(), .fragments = 10'000'000};

// Allocates nothing itself.
struct Counter {
  bool on_data(Opcode, std::span<std::byte> data) { return count(data.size()); }
  bool on_control(Opcode, std::span<std::byte> data) { return count(data.size()); }
  bool on_close_frame(const ClosePayload& close) { return count(close.reason.size()); }
  bool count(std::size_t size) {
    ++events;
    bytes += size;
    return true;
  }
  std::size_t events = 0;
  std::size_t bytes = 0;
};

WireFrame unfinished(unsigned first, std::string payload, std::uint64_t announced) {
  WireFrame frame{first, std::move(payload)};
  frame.announced = announced;
  return frame;
}

// The functions, not the expressions: a compiler may leave those out.
TEST(AllocationCounter, CountsEveryFormOfNew) {
  constexpr std::align_val_t wide{64};
  const AllocationCount count;
  std::array<void*, 4> blocks = {::operator new(1), ::operator new[](10), ::operator new(100, wide),
                                 ::operator new[](1000, std::nothrow)};
  const std::uint64_t calls = count.calls();
  const std::uint64_t bytes = count.bytes();
  const std::int64_t held = count.blocks();
  ::operator delete(blocks[0]);
  ::operator delete[](blocks[1]);
  ::operator delete(blocks[2], wide);
  ::operator delete[](blocks[3], std::nothrow);
  ::operator delete(nullptr);
  const std::int64_t left = count.blocks();
  EXPECT_EQ(calls, 4U);
  EXPECT_EQ(bytes, 1111U);
  EXPECT_EQ(held, 4);
  EXPECT_EQ(left, 0);
}

TEST(ReaderMemory, AnIdleReaderIsSmall) {
  EXPECT_LE(sizeof(MessageReader), 32U);
  const AllocationCount count;
  [[maybe_unused]] MessageReader reader;
  EXPECT_EQ(count.calls(), 0U);
}

TEST(ReaderMemory, AWholeFrameCostsNoAllocation) {
  for (const Role role : kRoles) {
    std::vector<WireFrame> frames;
    for (const std::size_t size : {0U, 1U, 20U, 125U, 126U, 4096U, 65'536U}) {
      frames.push_back({kFin | kText, std::string(size, 't')});
      frames.push_back({kFin | kBinary, std::string(size, '\xFF')});
      if (size <= 125) frames.push_back({kFin | kPing, std::string(size, 'p')});
      if (size <= 125) frames.push_back({kFin | kPong, std::string(size, 'p')});
    }
    frames.push_back({kFin | kClose, "\x03\xE8 a reason"});
    ExactBlock block(stream_of(role, frames));
    MessageReader reader;
    Counter sink;
    const AllocationCount count;
    ASSERT_EQ(read_as(role, reader, bytes_of(block), kDefaults, sink).violation, Violation::none);
    EXPECT_EQ(count.calls(), 0U);
    EXPECT_EQ(sink.events, frames.size());
  }
}

// So that a connection between messages need not hold the room for it.
TEST(ReaderMemory, ABeginningOfAHeaderCostsOneSmallBlock) {
  for (const Role role : kRoles) {
    const std::string header = stream_of(role, {unfinished(kFin | kBinary, "", 1 << 20)});
    for (std::size_t size = 0; size < header.size(); ++size) {
      ExactBlock block(std::string_view(header).substr(0, size));
      MessageReader reader;
      Counter sink;
      const AllocationCount count;
      ASSERT_EQ(read_as(role, reader, bytes_of(block), kDefaults, sink).violation, Violation::none);
      EXPECT_EQ(count.calls(), size == 0 ? 0U : 1U);
      EXPECT_LE(count.bytes(), 320U);
    }
  }
}

// Attack 3. `direct_room` is asked as well, for whoever receives asks it before each read.
TEST(ReaderMemory, AnnouncingTheMaximumCostsLessThanAKibibyte) {
  for (const Role role : kRoles) {
    for (const MessageRules& limits : {kDefaults, kHuge}) {
      const std::uint64_t most = std::min(limits.message_bytes, std::numeric_limits<std::uint64_t>::max() >> 1);
      for (const unsigned first : {kFin | kText, kFin | kBinary, kText, kBinary}) {
        for (const std::size_t payload_bytes : {0U, 1U, 2U, 100U}) {
          const std::string payload(payload_bytes, 'x');
          ExactBlock block(stream_of(role, {unfinished(first, payload, most)}));
          MessageReader reader;
          Counter sink;
          const AllocationCount count;
          ASSERT_EQ(read_as(role, reader, bytes_of(block), limits, sink).violation, Violation::none);
          const auto room = reader.direct_room();
          EXPECT_LT(count.bytes(), 1024U) << payload_bytes << " bytes of payload, room for " << room.size();
        }
      }
    }
  }
}

TEST(ReaderMemory, TenThousandAnnouncementsCostLessThanAKibibyteEach) {
  for (const Role role : kRoles) {
    const std::string stream = stream_of(role, {unfinished(kFin | kBinary, "x", 1 << 20)});
    std::vector<MessageReader> readers(10'000);
    const AllocationCount count;
    for (MessageReader& reader : readers) {
      ExactBlock block(stream);
      Counter sink;
      ASSERT_EQ(read_as(role, reader, bytes_of(block), kDefaults, sink).violation, Violation::none);
      (void)reader.direct_room();
    }
    EXPECT_LT(count.bytes(), readers.size() * 1024);
  }
}

TEST(ReaderMemory, AMessageOverTheLimitIsRefusedBeforeAnythingIsKept) {
  for (const Role role : kRoles) {
    ExactBlock block(stream_of(role, {unfinished(kFin | kBinary, std::string(5000, 'x'), (1 << 20) + 1)}));
    MessageReader reader;
    Counter sink;
    const AllocationCount count;
    EXPECT_EQ(read_as(role, reader, bytes_of(block), kDefaults, sink).violation, Violation::message_too_big);
    EXPECT_EQ(count.calls(), 0U);
  }
}

// All that was ever asked for, blocks that were outgrown included, stays in proportion to what has arrived.
TEST(ReaderMemory, GrowsWithWhatArrivesHoweverItArrives) {
  constexpr std::size_t size = 600'000;
  for (const Role role : kRoles) {
    for (const bool in_fragments : {false, true}) {
      for (const std::size_t piece : {1U, 100U, 4096U, 65'536U}) {
        for (const bool direct : {false, true}) {
          std::string stream;
          if (in_fragments) {
            const std::size_t fragment = std::max<std::size_t>(piece / 2, 1);
            std::vector<WireFrame> frames(size / fragment, WireFrame{kMore, std::string(fragment, 'x')});
            frames.front().first = kBinary;
            stream = stream_of(role, frames);
          } else {
            stream = stream_of(role, {unfinished(kFin | kBinary, std::string(size, 'x'), std::uint64_t{1} << 40)});
          }
          MessageReader reader;
          Counter sink;
          std::vector<std::byte> input(piece);
          const AllocationCount count;
          for (std::size_t at = 0; at < stream.size();) {
            const auto room = direct ? reader.direct_room() : std::span<std::byte>();
            const auto to = room.empty() ? std::span(input) : room.first(std::min(room.size(), piece));
            const std::size_t taken = std::min(to.size(), stream.size() - at);
            std::copy_n(std::as_bytes(std::span(stream)).begin() + static_cast<std::ptrdiff_t>(at), taken, to.begin());
            at += taken;
            const auto broken = room.empty() ? read_as(role, reader, to.first(taken), kHuge, sink).violation
                                             : reader.commit_direct(taken, kHuge, sink);
            ASSERT_EQ(broken, Violation::none);
            ASSERT_LE(count.bytes(), 1024 + 10 * at) << "pieces of " << piece << (direct ? ", direct" : "");
          }
          EXPECT_LE(count.calls(), 64U);
        }
      }
    }
  }
}

// Attack 8. The same pieces again and again, so that the test's own memory is flat as well.
TEST(ReaderMemory, AMillionFragmentsOfOneByteCostLinearTimeAndMemory) {
  constexpr std::size_t total = 1'000'000;
  for (const Role role : kRoles) {
    MessageReader reader;
    Counter sink;
    const std::string first = stream_of(role, {{kText, "x"}});
    const std::string more = stream_of(role, {{kMore, "x"}});
    const std::string last = stream_of(role, {{kFin | kMore, "x"}});
    std::vector<std::byte> input(first.size());
    const AllocationCount count;
    for (std::size_t i = 0; i < total; ++i) {
      const std::string& frame = i == 0 ? first : i + 1 == total ? last : more;
      std::copy_n(std::as_bytes(std::span(frame)).begin(), frame.size(), input.begin());
      ASSERT_EQ(read_as(role, reader, input, kHuge, sink).violation, Violation::none);
    }
    EXPECT_EQ(sink.events, 1U);
    EXPECT_EQ(sink.bytes, total);
    EXPECT_LE(count.calls(), 32U);
    EXPECT_LE(count.bytes(), 5 * total);
    EXPECT_EQ(count.blocks(), 0) << "a message that was delivered leaves nothing behind";
  }
}

TEST(ReaderMemory, AMillionEmptyFragmentsCostOneSmallBlock) {
  constexpr std::size_t total = 1'000'000;
  for (const Role role : kRoles) {
    MessageReader reader;
    Counter sink;
    const std::string first = stream_of(role, {{kText, ""}});
    const std::string more = stream_of(role, {{kMore, ""}});
    std::vector<std::byte> input(first.size());
    const AllocationCount count;
    for (std::size_t i = 0; i < total; ++i) {
      std::copy_n(std::as_bytes(std::span(i == 0 ? first : more)).begin(), input.size(), input.begin());
      ASSERT_EQ(read_as(role, reader, input, kHuge, sink).violation, Violation::none);
    }
    EXPECT_EQ(sink.events, 0U);
    EXPECT_LE(count.calls(), 1U);
    EXPECT_LT(count.bytes(), 1024U);
  }
}

TEST(ReaderMemory, TheDefaultLimitEndsFragmentsOfNothing) {
  for (const Role role : kRoles) {
    MessageReader reader;
    Counter sink;
    const std::string first = stream_of(role, {{kBinary, ""}});
    const std::string more = stream_of(role, {{kMore, ""}});
    std::vector<std::byte> input(first.size());
    std::size_t accepted = 0;
    for (Violation broken = Violation::none; accepted < 1'000'000; ++accepted) {
      std::copy_n(std::as_bytes(std::span(accepted == 0 ? first : more)).begin(), input.size(), input.begin());
      broken = read_as(role, reader, input, kDefaults, sink).violation;
      if (broken == Violation::none) continue;
      EXPECT_EQ(broken, Violation::too_many_fragments);
      break;
    }
    EXPECT_EQ(accepted, kDefaults.fragments);
  }
}

// Attack 10; inside a message and outside, whole and in two pieces.
TEST(ReaderMemory, OfManyInflatersOnlyAFewAreKept) {
  constexpr std::int64_t most = 100;
  const Compression settings;
  DeflatePool pool(settings);
  std::vector<std::unique_ptr<Inflater>> taken;
  taken.reserve(most);
  const AllocationCount count;
  for (std::int64_t i = 0; i < most; ++i) taken.push_back(pool.take_inflater());
  const std::int64_t all = count.blocks();
  if (AllocationLimit::works()) {
    EXPECT_GE(all, most);
  }
  for (auto& inflater : taken) pool.give_back(std::move(inflater));
  EXPECT_LE(count.blocks(), all / 5);
}

TEST(ReaderMemory, AMillionUnsolicitedPongsLeaveNothingBehind) {
  for (const Role role : kRoles) {
    for (const bool inside_message : {false, true}) {
      MessageReader reader;
      Counter sink;
      ExactBlock beginning(inside_message ? stream_of(role, {{kText, "x"}}) : std::string());
      ASSERT_EQ(read_as(role, reader, bytes_of(beginning), kDefaults, sink).violation, Violation::none);
      const std::string pong = stream_of(role, {{kFin | kPong, std::string(125, 'p')}});
      std::vector<std::byte> input(pong.size());
      const AllocationCount count;
      for (std::size_t i = 0; i < 1'000'000; ++i) {
        std::copy_n(std::as_bytes(std::span(pong)).begin(), input.size(), input.begin());
        ASSERT_EQ(read_as(role, reader, input, kDefaults, sink).violation, Violation::none);
      }
      EXPECT_EQ(count.calls(), 0U);
      for (std::size_t i = 0; i < 100'000; ++i) {
        std::copy_n(std::as_bytes(std::span(pong)).begin(), input.size(), input.begin());
        const std::span both(input);
        const std::size_t cut = i % both.size();
        ASSERT_EQ(read_as(role, reader, both.first(cut), kDefaults, sink).violation, Violation::none);
        ASSERT_EQ(read_as(role, reader, both.subspan(cut), kDefaults, sink).violation, Violation::none);
      }
      EXPECT_EQ(sink.events, 1'100'000U);
      EXPECT_EQ(count.blocks(), 0);
    }
  }
}

}  // namespace
}  // namespace mote::proto
