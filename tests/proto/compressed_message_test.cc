// MessageReader where permessage-deflate was agreed on.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/message_reader.h"
#include "tests/support/deflate.h"
#include "tests/support/frame_stream.h"

namespace mote::proto {
namespace {

using namespace std::string_literals;
using namespace mote::test;
using enum Violation;

constexpr std::uint32_t kSeed = 20261124;
constexpr unsigned kRsv1 = 0x40;
constexpr unsigned kZip = kFin | kRsv1;  // a whole compressed message
constexpr std::array kRoles = {Role::server, Role::client};
constexpr Compression kOn{.mode = CompressionMode::on};

const std::string kUtf8 = "$\xC2\xA2\xE2\x82\xAC\xF4\x8F\xBF\xBF\xED\x9F\xBF";

MessageRules rules_of(DeflatePool& pool, bool context_takeover, std::uint64_t message_bytes = 1000) {
  return {.message_bytes = message_bytes, .fragments = 8, .deflate = &pool, .context_takeover = context_takeover};
}

// `payload` in frames of at most `size` bytes.
std::vector<WireFrame> fragments(unsigned opcode, std::string_view payload, std::size_t size) {
  std::vector<WireFrame> frames;
  for (std::size_t at = 0; at < payload.size(); at += size) {
    const unsigned fin = at + size >= payload.size() ? kFin : 0;
    frames.push_back({fin | (at == 0 ? kRsv1 | opcode : kMore), std::string(payload.substr(at, size))});
  }
  return frames;
}

struct Row {
  Source source;
  std::vector<WireFrame> frames;
  std::vector<std::string> events;
  Violation violation = none;  // a refused stream ends with the very byte that must be refused
  bool context_takeover = false;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

Row with_takeover(Row row) {
  row.context_takeover = true;
  return row;
}

std::vector<Row> legal_rows() {
  const std::string hello = deflated("Hello");
  PeerDeflater flushing;
  const std::string first_part = flushing.write(kUtf8.substr(0, 8), Z_SYNC_FLUSH);
  const std::string second_part = flushing.message(kUtf8.substr(8));
  PeerDeflater context;
  const std::string one = context.message("Hello");
  const std::string two = context.message("Hello");
  const std::string three = context.final_message("Hello");
  return {
      {{"Text", "7692 §6", 99}, {{kZip | kText, hello}}, {"text:Hello"}},
      {{"Binary", "7692 §6", 99}, {{kZip | kBinary, deflated("\xFF\x00"s)}}, {"binary:\xFF\x00"s}},
      {{"PlainMessagesBetween", "7692 §6", 99},
       {{kFin | kText, "plain"}, {kZip | kText, hello}, {kFin | kBinary, "\xFE"}, {kZip | kText, hello}},
       {"text:plain", "text:Hello", "binary:\xFE", "text:Hello"}},
      {{"EmptyMessages", "7692 §7.2.3.6", 106},
       {{kZip | kText, "\0"s}, {kZip | kBinary, "\0"s}, {kZip | kText, hello}},
       {"text:", "binary:", "text:Hello"}},
      {{"NoPayload", "7692 §7.2.3.6", 99},
       {{kZip | kText, ""}, {kZip | kText, hello}, {kRsv1 | kBinary, ""}, {kFin | kMore, ""}},
       {"text:", "text:Hello", "binary:"}},
      {{"FragmentedAfterCompression", "7692 §6.1", 99}, fragments(kText, hello, 1), {"text:Hello"}},
      {{"FragmentedBeforeCompression", "7692 §6.1", 99},
       {{kRsv1 | kText, first_part}, {kFin | kMore, second_part}},
       {"text:" + kUtf8}},
      {{"EmptyFragments", "7692 §6.1", 99},
       {{kRsv1 | kText, ""}, {kMore, hello.substr(0, 3)}, {kMore, ""}, {kMore, hello.substr(3)}, {kFin | kMore, ""}},
       {"text:Hello"}},
      {{"ControlFramesBetween", "7692 §6.1", 98},
       {{kRsv1 | kText, hello.substr(0, 4)}, {kFin | kPing, "p"}, {kFin | kPong, ""}, {kFin | kMore, hello.substr(4)}},
       {"ping:p", "pong:", "text:Hello"}},
      {{"CloseInside", "7692 §6.1", 98},
       {{kRsv1 | kText, hello.substr(0, 4)}, {kFin | kClose, "\x03\xE8"}},
       {"close:1000:"}},
      {{"FinalBlock", "7692 §7.2.3.4", 105},
       {{kZip | kText, "\xF3\x48\xCD\xC9\xC9\x07\x00\x00"s}, {kZip | kText, hello}},
       {"text:Hello", "text:Hello"}},
      with_takeover({{"ContextTakeover", "7692 §7.2.3.2", 105},
                     {{kZip | kText, one}, {kFin | kText, "plain"}, {kZip | kText, two}, {kZip | kText, three}},
                     {"text:Hello", "text:plain", "text:Hello", "text:Hello"}}),
      with_takeover({{"ContextTakeoverAcrossFragments", "7692 §7.2.3.2", 105},
                     {{kRsv1 | kText, one.substr(0, 2)},
                      {kFin | kMore, one.substr(2)},
                      {kRsv1 | kText, two.substr(0, 1)},
                      {kFin | kMore, two.substr(1)}},
                     {"text:Hello", "text:Hello"}}),
      with_takeover({{"NoPayloadLeavesTheContext", "7692 §7.2.3.6", 99},
                     {{kZip | kText, one}, {kZip | kText, ""}, {kZip | kText, two}},
                     {"text:Hello", "text:", "text:Hello"}}),
  };
}

std::vector<Row> refused_rows() {
  const std::string hello = deflated("Hello");
  PeerDeflater context;
  const std::string one = context.message("Hello");
  const std::string two = context.message("Hello");
  return {
      {{"Rsv1OnAContinuation", "7692 §6.1", 98},
       {{kRsv1 | kText, hello.substr(0, 2)}, {kRsv1 | kMore, "", {}, {}, false, 1}},
       {},
       compressed_bit_misplaced},
      {{"Rsv1OnAPing", "7692 §6.1", 98}, {{kZip | kPing, "", {}, {}, false, 1}}, {}, compressed_bit_misplaced},
      {{"Rsv1OnAClose", "7692 §6.1", 98}, {{kZip | kClose, "", {}, {}, false, 1}}, {}, compressed_bit_misplaced},
      {{"Rsv2", "6455 §5.2", 67}, {{kZip | 0x20 | kText, "", {}, {}, false, 1}}, {}, reserved_bits},
      {{"Rsv3", "6455 §5.2", 67}, {{kFin | 0x10 | kText, "", {}, {}, false, 1}}, {}, reserved_bits},
      {{"NewMessageInside", "6455 §5.4", 74},
       {{kRsv1 | kText, hello}, {kZip | kText, "", {}, {}, false, 1}},
       {},
       interleaved_message},
      {{"NoDeflateData", "7692 §7.2.2", 105}, {{kZip | kText, "\x06"}}, {}, compressed_data_invalid},
      {{"WithoutItsEnd", "7692 §7.2.1", 105},
       {{kZip | kText, hello.substr(0, hello.size() - 1)}},
       {},
       compressed_data_invalid},
      {{"TailNotCutOff", "7692 §7.2.1", 104}, {{kZip | kText, hello + "\0\0\xFF\xFF"s}}, {}, compressed_data_invalid},
      {{"ContextWithoutTakeover", "7692 §7.1.1.2", 101},
       {{kZip | kText, one}, {kZip | kText, two}},
       {"text:Hello"},
       compressed_data_invalid},
      {{"NotUtf8", "6455 §8.1", 80}, {{kZip | kText, deflated("\xFF", {.level = 0}).substr(0, 6)}}, {}, text_not_utf8},
      {{"UnfinishedCharacter", "6455 §8.1", 80}, {{kZip | kText, deflated("\xE2\x82")}}, {}, text_not_utf8},
  };
}

std::vector<Row> all_rows() {
  std::vector<Row> rows = legal_rows();
  for (Row& row : refused_rows()) rows.push_back(std::move(row));
  return rows;
}

class CompressedMessage : public testing::TestWithParam<Row> {};

TEST_P(CompressedMessage, IsReadTheSameHoweverItIsCut) {
  const Row& row = GetParam();
  for (const Role role : kRoles) {
    const std::string stream = stream_of(role, row.frames);
    for_every_feeding(stream.size(), [&](const Feeding& feeding) {
      DeflatePool pool(kOn);
      const Outcome outcome = outcome_of(role, stream, feeding, rules_of(pool, row.context_takeover));
      ASSERT_EQ(outcome.events, row.events) << feeding.size() << ' ' << feeding.front();
      ASSERT_EQ(outcome.violation, row.violation);
    });
  }
}

TEST_P(CompressedMessage, IsNoLongerLegalWithoutTheAgreement) {  // RFC 6455 §5.2, checklist 67
  for (const Role role : kRoles) {
    const std::string stream = stream_of(role, GetParam().frames);
    constexpr MessageRules rules{.message_bytes = 1000, .fragments = 8};
    EXPECT_EQ(outcome_of(role, stream, at_once(stream.size()), rules).violation, reserved_bits);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, CompressedMessage, testing::ValuesIn(all_rows()), RowName());

// ---- As soon as the byte is there

// Refused before the last `missing` bytes have come, and not one byte earlier.
void expect_refused_early(const std::string& stream, const MessageRules& rules, Violation violation,
                          std::size_t missing) {
  StreamFeeder feeder(Role::server, stream, rules);
  feeder.feed_to(stream.size() - missing);
  EXPECT_EQ(feeder.outcome().violation, violation);
  StreamFeeder before(Role::server, stream, rules);
  before.feed_to(stream.size() - missing - 1);
  EXPECT_EQ(before.outcome().violation, none);
}

TEST(CompressedMessages, FailWithTheByteThatIsNotUtf8) {  // RFC 6455 §8.1, checklist 80
  const std::string stored = deflated("ab\xFF" + std::string(500, 'c'), {.level = 0});
  for (const bool takeover : {false, true}) {
    DeflatePool pool(kOn);
    const std::size_t after = stored.size() - stored.find('\xFF', 5) - 1;
    expect_refused_early(stream_of(Role::server, {{kZip | kText, stored}}), rules_of(pool, takeover), text_not_utf8,
                         after);
    expect_refused_early(stream_of(Role::server, {{kRsv1 | kText, stored.substr(0, 200)}}), rules_of(pool, takeover),
                         text_not_utf8, 200 - (stored.size() - after));
  }
}

TEST(CompressedMessages, FailWithTheByteThatIsTooMuch) {  // checklist 83; attack 14
  const std::string stored = deflated(std::string(1500, 'c'), {.level = 0});
  DeflatePool pool(kOn);
  const std::size_t after = stored.size() - 5 - 1001;
  expect_refused_early(stream_of(Role::server, {{kZip | kBinary, stored}}), rules_of(pool, false), message_too_big,
                       after);
}

// ---- Limits

TEST(CompressedMessages, MayBeAsLargeAsTheLimitAfterInflating) {  // checklist 83
  for (const bool takeover : {false, true}) {
    for (const std::size_t size : {1000U, 1001U, 8'000'000U}) {
      DeflatePool pool(kOn);
      const std::string payload = deflated(std::string(size, 'x'), {.level = 9});
      for (const auto& frames :
           {std::vector<WireFrame>{{kZip | kText, payload}}, fragments(kText, payload, payload.size() / 7 + 1)}) {
        if (payload.size() > most_compressed_bytes(1000)) continue;
        const std::string stream = stream_of(Role::server, frames);
        const Outcome outcome = outcome_of(Role::server, stream, at_once(stream.size()), rules_of(pool, takeover));
        EXPECT_EQ(outcome.violation, size > 1000 ? message_too_big : none) << size;
        EXPECT_EQ(outcome.events.size(), size > 1000 ? 0U : 1U);
      }
    }
  }
}

TEST(CompressedMessages, ABombInTheContextIsStoppedToo) {  // attack 14
  PeerDeflater peer;
  const std::string first = peer.message(std::string(1000, 'x'));
  const std::string bomb = peer.message(std::string(1001, 'x'));
  const std::string stream = stream_of(Role::server, {{kZip | kText, first}, {kZip | kText, bomb}});
  for_every_feeding(stream.size(), [&](const Feeding& feeding) {
    DeflatePool pool(kOn);
    const Outcome outcome = outcome_of(Role::server, stream, feeding, rules_of(pool, true));
    ASSERT_EQ(outcome.events.size(), 1U);
    ASSERT_EQ(outcome.violation, message_too_big);
  });
}

TEST(CompressedMessages, ThatHaveNoContentEndToo) {  // attack 8
  const auto with_size = [&](std::size_t size) {
    return stream_of(Role::server, {{kRsv1 | kText, "\0\0\0\xFF\xFF"s}, {kMore, "", size, {}, false, {}}});
  };
  DeflatePool pool(kOn);
  const std::string legal = with_size(2064 - 5);
  const std::string too_much = with_size(2064 - 4);
  EXPECT_EQ(outcome_of(Role::server, legal, at_once(legal.size()), rules_of(pool, false)).violation, none);
  EXPECT_EQ(outcome_of(Role::server, too_much, at_once(too_much.size()), rules_of(pool, false)).violation,
            message_too_big);
  EXPECT_EQ(most_compressed_bytes(1000), 2064U);
  EXPECT_EQ(most_compressed_bytes(std::uint64_t{1} << 63), ~std::uint64_t{0});
}

TEST(CompressedMessages, OfNoiseFitWhereTheNoiseFits) {  // checklist 83
  std::mt19937 random(kSeed);
  std::string noise(1000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY}) {
    DeflatePool pool(kOn);
    const std::string stream = stream_of(Role::server, {{kZip | kBinary, deflated(noise, {.strategy = strategy})}});
    EXPECT_EQ(outcome_of(Role::server, stream, at_once(stream.size()), rules_of(pool, false)).events,
              std::vector{"binary:" + noise});
  }
}

// ---- What connections share

TEST(CompressedMessages, OfSeveralConnectionsDoNotMix) {  // RFC 7692 §7.2.2, checklist 101
  constexpr std::size_t kReaders = 12;
  std::mt19937 random(kSeed);
  DeflatePool pool(kOn);
  std::vector<std::string> streams;
  std::vector<std::vector<std::string>> expected(kReaders);
  std::vector<StreamFeeder> feeders;
  streams.reserve(kReaders);
  feeders.reserve(kReaders);
  for (std::size_t i = 0; i < kReaders; ++i) {
    std::vector<WireFrame> frames;
    PeerDeflater peer;
    for (int message = 0; message < 20; ++message) {
      const std::string text(1 + random() % 900, static_cast<char>('a' + i));
      expected[i].push_back("text:" + text);
      const std::string payload = i % 3 == 0 ? peer.message(text) : deflated(text);
      const auto message_frames = fragments(kText, payload, 1 + random() % 20);
      frames.insert(frames.end(), message_frames.begin(), message_frames.end());
    }
    streams.push_back(stream_of(Role::server, frames));
    feeders.emplace_back(
        Role::server, streams.back(),
        MessageRules{.message_bytes = 1000, .fragments = 1000, .deflate = &pool, .context_takeover = i % 3 == 0});
  }
  for (bool over = false; !over;) {
    over = true;
    for (auto& feeder : feeders) {
      feeder.feed_to(feeder.outcome().arrived + 1 + random() % 40);
      over = over && feeder.over();
    }
  }
  for (std::size_t i = 0; i < kReaders; ++i) {
    EXPECT_EQ(feeders[i].outcome().events, expected[i]) << i;
    EXPECT_EQ(feeders[i].outcome().violation, none) << i;
  }
}

TEST(CompressedMessages, TakeNoMemoryOfTheirOwnDirectly) {
  DeflatePool pool(kOn);
  const std::string payload = deflated(std::string(200'000, 'x'), {.level = 0});
  const std::string stream = stream_of(Role::server, {{kZip | kText, payload}});
  StreamFeeder feeder(Role::server, stream, rules_of(pool, false, 1'000'000));
  feeder.feed_to(100'000);
  EXPECT_TRUE(feeder.reader().direct_room().empty());
  while (!feeder.over()) feeder.feed_directly(10'000);
  EXPECT_EQ(feeder.direct_bytes, 0U);
  ASSERT_EQ(feeder.outcome().events.size(), 1U);
}

}  // namespace
}  // namespace mote::proto
