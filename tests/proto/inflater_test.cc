#include "proto/inflater.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/deflate.h"
#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using namespace std::string_literals;
using namespace mote::test;
using enum Violation;

constexpr std::uint32_t kSeed = 20261124;
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

std::string text_of(const core::ByteBuffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.bytes().data()), buffer.size()};
}

std::span<const std::byte> bytes_of(const ExactBlock& block) { return std::as_bytes(std::span(block.view())); }

struct Result {
  std::string text;
  Violation violation = none;
  bool operator==(const Result&) const = default;
};

void PrintTo(const Result& result, std::ostream* out) {
  *out << result.text.substr(0, 60) << " (" << result.text.size() << "), violation "
       << static_cast<int>(result.violation);
}

// One message, of which so many bytes have arrived after each read.
Result inflated(Inflater& inflater, std::string_view payload, const Feeding& feeding, std::uint64_t limit = kNoLimit) {
  core::ByteBuffer out;
  Result result;
  std::size_t at = 0;
  for (const std::size_t arrived : feeding) {
    const ExactBlock piece(payload.substr(at, arrived - at));
    at = arrived;
    result.violation = inflater.inflate(bytes_of(piece), limit, out);
    if (result.violation != none) break;
  }
  if (result.violation == none) result.violation = inflater.finish();
  result.text = text_of(out);
  return result;
}

Result inflated(Inflater& inflater, std::string_view payload, std::uint64_t limit = kNoLimit) {
  return inflated(inflater, payload, at_once(payload.size()), limit);
}

Result inflated(std::string_view payload, std::uint64_t limit = kNoLimit) {
  Inflater inflater(15);
  return inflated(inflater, payload, limit);
}

std::string some_text(std::mt19937& random, std::size_t size) {
  std::string text;
  while (text.size() < size) text.append("{\"key").append(std::to_string(random() % 50)).append("\": \"value\"}, ");
  text.resize(size);
  return text;
}

// ---- The examples of RFC 7692 §7.2.3, and blocks of every other kind

struct Row {
  Source source;
  std::string payload;
  std::string text;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

std::vector<Row> rows() {
  PeerDeflater flushing;
  const std::string two_blocks = flushing.write("He", Z_SYNC_FLUSH) + flushing.message("llo");
  const std::string final_then_more = PeerDeflater().write("Hel", Z_FINISH) + deflated("lo");
  return {
      {{"OneCompressedBlock", "7692 §7.2.3.1", 105}, "\xF2\x48\xCD\xC9\xC9\x07\x00"s, "Hello"},
      {{"OneBlockWithoutCompression", "7692 §7.2.3.3", 105}, "\x00\x05\x00\xFA\xFFHello\x00"s, "Hello"},
      {{"BlockWithFinalBit", "7692 §7.2.3.4", 105}, "\xF3\x48\xCD\xC9\xC9\x07\x00\x00"s, "Hello"},
      {{"TwoBlocks", "7692 §7.2.3.5", 105}, "\xF2\x48\x05\x00\x00\x00\xFF\xFF\xCA\xC9\xC9\x07\x00"s, "Hello"},
      {{"EmptyMessage", "7692 §7.2.3.6", 106}, "\x00"s, ""},
      {{"EmptyFixedBlockInTheMiddle", "7692 §7.2.2", 105}, "\x02\x00"s, ""},
      {{"SeveralFlushes", "7692 §7.2.2", 105}, two_blocks, "Hello"},
      {{"MoreAfterAFinalBlock", "7692 §7.2.2", 105}, final_then_more, "Hello"},
      {{"NothingButFinalBlocks", "7692 §7.2.2", 105}, "\x03\x00\x03\x00\x01\x00\x00\xFF\xFF\x03\x00\x00"s, ""},
      {{"StoredOnly", "7692 §7.2.2", 105}, deflated("Hello", {.level = 0}), "Hello"},
      {{"FixedCodes", "7692 §7.2.2", 105}, deflated("HelloHello", {.strategy = Z_FIXED}), "HelloHello"},
      {{"HuffmanOnly", "7692 §7.2.2", 105}, deflated("HelloHello", {.strategy = Z_HUFFMAN_ONLY}), "HelloHello"},
  };
}

class InflaterRow : public testing::TestWithParam<Row> {};

TEST_P(InflaterRow, GivesTheTextHoweverThePayloadIsCut) {
  const Row& row = GetParam();
  for_every_feeding(row.payload.size(), [&](const Feeding& feeding) {
    Inflater inflater(15);
    ASSERT_EQ(inflated(inflater, row.payload, feeding), Result{row.text}) << feeding.size() << ' ' << feeding.front();
    ASSERT_EQ(inflated(inflater, deflated("and on")), Result{"and on"});  // nothing of it is left over
  });
}

INSTANTIATE_TEST_SUITE_P(Rows, InflaterRow, testing::ValuesIn(rows()), RowName());

TEST(Inflater, TakesWhatEveryLevelStrategyAndWindowMakes) {  // RFC 7692 §7.2.2, checklist 105
  std::mt19937 random(kSeed);
  for (int level = 0; level <= 9; ++level) {
    for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED}) {
      for (int window_bits = 9; window_bits <= 15; ++window_bits) {
        PeerDeflater peer({level, window_bits, strategy, 1 + static_cast<int>(random() % 9)});
        Inflater inflater(window_bits);
        for (int message = 0; message < 3; ++message) {
          const std::string text = some_text(random, random() % 3000);
          const std::string payload = message == 1 ? peer.final_message(text) : peer.message(text);
          ASSERT_EQ(inflated(inflater, payload), Result{text}) << level << ' ' << strategy << ' ' << window_bits;
        }
      }
    }
  }
}

// ---- Context takeover

TEST(Inflater, AMessageMayReferToThoseBeforeIt) {  // RFC 7692 §7.2.3.2, checklist 105
  Inflater inflater(15);
  EXPECT_EQ(inflated(inflater, "\xF2\x48\xCD\xC9\xC9\x07\x00"s), Result{"Hello"});
  EXPECT_EQ(inflated(inflater, "\xF2\x00\x11\x00\x00"s), Result{"Hello"});
}

TEST(Inflater, AfterForgettingItMayNot) {  // RFC 7692 §7.1.1.1, checklist 101
  Inflater inflater(15);
  EXPECT_EQ(inflated(inflater, "\xF2\x48\xCD\xC9\xC9\x07\x00"s), Result{"Hello"});
  inflater.forget();
  EXPECT_EQ(inflated(inflater, "\xF2\x00\x11\x00\x00"s).violation, compressed_data_invalid);
  inflater.forget();
  EXPECT_EQ(inflated(inflater, deflated("Hello")), Result{"Hello"});
}

TEST(Inflater, AFinalBlockLeavesTheWindowAsItIs) {  // RFC 7692 §7.2.3.4, checklist 105
  Inflater inflater(15);
  EXPECT_EQ(inflated(inflater, "\xF3\x48\xCD\xC9\xC9\x07\x00\x00"s), Result{"Hello"});
  EXPECT_EQ(inflated(inflater, "\xF2\x00\x11\x00\x00"s), Result{"Hello"});
}

TEST(Inflater, ReachesBackOverTheWholeWindow) {  // RFC 7692 §7.1.2, checklist 104
  std::mt19937 random(kSeed);
  for (int window_bits = 9; window_bits <= 15; ++window_bits) {
    PeerDeflater peer({9, window_bits});
    Inflater inflater(window_bits);
    std::string noise(std::size_t{1} << window_bits, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    const std::string repeated = noise.substr(300, 40) + noise.substr(noise.size() - 30);
    ASSERT_EQ(inflated(inflater, peer.message(noise)), Result{noise});
    ASSERT_EQ(inflated(inflater, peer.message(repeated)), Result{repeated}) << window_bits;
  }
}

// ---- The limit

TEST(Inflater, StopsAtTheLimitAndOneByte) {  // RFC 7692 §8, checklist 83; attack 14
  const std::string bomb = deflated(std::string(8'000'000, '\0'), {.level = 9});
  ASSERT_LT(bomb.size(), 10'000U);
  for (const std::uint64_t limit : {0U, 1U, 999U, 65'536U, 1'000'000U}) {
    const Result result = inflated(bomb, limit);
    EXPECT_EQ(result.violation, message_too_big);
    EXPECT_EQ(result.text.size(), limit + 1);
  }
}

TEST(Inflater, AllowsTheLimitItself) {  // checklist 83
  for (const std::size_t size : {0U, 1U, 255U, 256U, 257U, 70'000U}) {
    const std::string text(size, 'x');
    const std::string payload = deflated(text);
    EXPECT_EQ(inflated(payload, size), Result{text});
    EXPECT_EQ(inflated(payload, kNoLimit), Result{text});
    if (size == 0) continue;
    EXPECT_EQ(inflated(payload, size - 1), (Result{text, message_too_big}));
  }
}

TEST(Inflater, TheLimitHoldsAcrossPieces) {  // checklist 83; attack 14
  const std::string payload = deflated(std::string(3000, 'a') + std::string(3000, 'b'), {.level = 1});
  for_every_feeding(payload.size(), [&](const Feeding& feeding) {
    Inflater inflater(15);
    const Result result = inflated(inflater, payload, feeding, 5000);
    ASSERT_EQ(result.violation, message_too_big);
    ASSERT_EQ(result.text.size(), 5001U);
  });
}

TEST(Inflater, BuffersNoMoreThanArrives) {  // attack 3
  Inflater inflater(15);
  core::ByteBuffer out;
  const std::string payload = deflated("Hello");
  ASSERT_EQ(inflater.inflate(std::as_bytes(std::span(payload)), 1 << 30, out), none);
  EXPECT_LE(out.capacity(), 512U);
}

// ---- What is no DEFLATE data

TEST(Inflater, RefusesWhatDoesNotEndInAnEmptyBlock) {  // RFC 7692 §7.2.1, checklist 105
  const std::string whole = PeerDeflater().write("Hello", Z_SYNC_FLUSH);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    if (size == whole.size() - 4) continue;
    EXPECT_EQ(inflated(whole.substr(0, size)).violation, compressed_data_invalid) << size;
  }
  EXPECT_EQ(inflated(whole).violation, compressed_data_invalid) << "with the four bytes that have to be cut off";
  EXPECT_EQ(inflated("\xF3\x48\xCD\xC9\xC9\x07\x00"s).violation, compressed_data_invalid) << "final, without padding";
  EXPECT_EQ(inflated("\x00\x05\x00\xFA\xFFHello"s).violation, compressed_data_invalid) << "ends behind a stored block";
  EXPECT_EQ(inflated("\x00\x09\x00\xF6\xFFHello"s).violation, compressed_data_invalid) << "the four bytes are its data";
}

// DEFLATE's bits, in the order in which they are read.
class Bits {
 public:
  Bits& number(unsigned value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) bits_ += (value >> i & 1U) != 0 ? '1' : '0';
    return *this;
  }
  Bits& codes(std::string_view code, std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) bits_ += code;
    return *this;
  }
  // Up to a byte's end.
  [[nodiscard]] std::string bytes() const {
    std::string bytes(bits_.size() / 8, '\0');
    for (std::size_t i = 0; i < 8 * bytes.size(); ++i) {
      if (bits_[i] == '1') bytes[i / 8] = static_cast<char>(bytes[i / 8] | 1 << i % 8);
    }
    return bytes;
  }

 private:
  std::string bits_;
};

// A block with dynamic codes up to the lengths of those (RFC 1951 §3.2.7), for which there is this code.
Bits dynamic_block(unsigned literals, unsigned distances, std::map<unsigned, unsigned> code) {
  Bits bits;
  bits.number(0, 1).number(2, 2).number(literals - 257, 5).number(distances - 1, 5).number(19 - 4, 4);
  constexpr std::array<unsigned, 19> kOrder = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  for (const unsigned length : kOrder) bits.number(code[length], 3);
  return bits;
}

// The four bytes that were cut off are the rest of an empty stored block, and not of what happens to end in them.
TEST(Inflater, RefusesACompressedBlockThatTheTailMakesWhole) {  // RFC 7692 §7.2.1, checklist 105
  // 16 symbols with 4 bits each, the end of the block the last of them, 1111; then the distances.
  Bits whole = dynamic_block(286, 4, {{0, 1}, {4, 2}, {1, 3}, {2, 3}});
  whole.codes("10", 15).codes("0", 241).codes("10", 1).codes("0", 29).codes("111", 4).codes("1111", 1);
  Bits header = dynamic_block(286, 16, {{0, 1}, {4, 1}});
  header.codes("1", 15).codes("0", 241).codes("1", 1).codes("0", 29).codes("1", 16);
  for (const std::string& bytes : {whole.bytes(), header.bytes()}) {
    ASSERT_TRUE(bytes.ends_with("\x00\x00\xFF\xFF"s));
    EXPECT_EQ(inflated(bytes.substr(0, bytes.size() - 4)), (Result{"", compressed_data_invalid}));
  }
}

TEST(Inflater, RefusesReservedAndContradictoryBlocks) {  // RFC 1951 §3.2.3, checklist 105
  EXPECT_EQ(inflated("\x06\x00"s).violation, compressed_data_invalid) << "block type 3";
  EXPECT_EQ(inflated("\x00\x05\x00\xFB\xFFHello\x00"s).violation, compressed_data_invalid) << "length and complement";
  EXPECT_EQ(inflated("\xFF\xFF\xFF\xFF"s).violation, compressed_data_invalid);
  EXPECT_EQ(inflated("\xF2\x00\x11\x00\x00"s).violation, compressed_data_invalid) << "refers to what is not there";
}

TEST(Inflater, WhateverComesItEndsAndSaysTheSameHoweverItIsCut) {
  std::mt19937 random(kSeed);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string payload = deflated(some_text(random, random() % 200), {.level = static_cast<int>(random() % 10)});
    for (auto flips = 1 + random() % 3; flips > 0; --flips) {
      char& byte = payload[random() % payload.size()];
      byte = static_cast<char>(byte ^ static_cast<char>(1U << random() % 8));
    }
    Inflater whole(15);
    const Result expected = inflated(whole, payload, 1000);
    Inflater bytewise(15);
    ASSERT_EQ(inflated(bytewise, payload, one_byte_at_a_time(payload.size()), 1000), expected) << kSeed << ' ' << round;
    if (expected.violation != none) ++refused;
  }
  EXPECT_GT(refused, 5000);
}

}  // namespace
}  // namespace mote::proto
