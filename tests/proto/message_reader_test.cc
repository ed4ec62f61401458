#include "proto/message_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/frame_stream.h"

namespace mote::proto {
namespace {

using namespace std::string_literals;
using namespace mote::test;
using enum Violation;

constexpr std::array kRoles = {Role::server, Role::client};
constexpr std::uint32_t kSeed = 20260803;

constexpr MessageRules kLimits{.message_bytes = 1000, .fragments = 8};
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// Valid ones of one to four bytes: U+0024, U+00A2, U+20AC, U+10FFFF, and the last before the surrogates.
const std::string kUtf8 = "$\xC2\xA2\xE2\x82\xAC\xF4\x8F\xBF\xBF\xED\x9F\xBF";

std::vector<WireFrame> repeated(std::size_t count, const WireFrame& frame) { return std::vector(count, frame); }

std::vector<WireFrame> joined(std::vector<WireFrame> frames, const std::vector<WireFrame>& more) {
  frames.insert(frames.end(), more.begin(), more.end());
  return frames;
}

struct Row {
  Source source;
  std::vector<WireFrame> frames;
  std::vector<std::string> events;
  // A refused stream ends with the very byte that must be refused.
  Violation violation = none;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

std::vector<Row> legal_rows() {
  return {
      {{"Nothing", "6455 §5"}, {}, {}},
      {{"Text", "6455 §5.6", 72}, {{kFin | kText, "Hello"}}, {"text:Hello"}},
      {{"TextOfEveryLength", "6455 §8.1", 80}, {{kFin | kText, kUtf8}}, {"text:" + kUtf8}},
      {{"Binary", "6455 §5.6", 72}, {{kFin | kBinary, "\xFF\x00\xC0"s}}, {"binary:\xFF\x00\xC0"s}},
      {{"EmptyTextAndBinary", "6455 §5.2, attack 6", 72},
       {{kFin | kText, ""}, {kFin | kBinary, ""}, {kFin | kText, "x"}, {kFin | kText, ""}},
       {"text:", "binary:", "text:x", "text:"}},
      {{"MaskedWithEachPhase", "6455 §5.3", 82},
       {{kFin | kText, "1"},
        {kFin | kText, "12"},
        {kFin | kText, "123"},
        {kFin | kText, "1234"},
        {kFin | kText, "12345"}},
       {"text:1", "text:12", "text:123", "text:1234", "text:12345"}},
      {{"Lengths125To128", "6455 §5.2", 70},
       {{kFin | kText, std::string(125, 'a')},
        {kFin | kText, std::string(126, 'b')},
        {kFin | kText, std::string(127, 'c')},
        {kFin | kText, std::string(128, 'd')}},
       {"text:" + std::string(125, 'a'), "text:" + std::string(126, 'b'), "text:" + std::string(127, 'c'),
        "text:" + std::string(128, 'd')}},
      {{"TwoFragments", "6455 §5.4", 72}, {{kText, "Hel"}, {kFin | kMore, "lo"}}, {"text:Hello"}},
      {{"ManyFragments", "6455 §5.4", 75},
       {{kBinary, "a"}, {kMore, "bc"}, {kMore, "def"}, {kMore, "g"}, {kFin | kMore, "hi"}},
       {"binary:abcdefghi"}},
      {{"EmptyFragmentsEverywhere", "6455 §5.4, attack 6", 72},
       {{kText, ""}, {kMore, ""}, {kMore, "ab"}, {kMore, ""}, {kMore, "c"}, {kFin | kMore, ""}},
       {"text:abc"}},
      {{"NothingButEmptyFragments", "6455 §5.4, attack 6", 72},
       {{kBinary, ""}, {kMore, ""}, {kFin | kMore, ""}},
       {"binary:"}},
      {{"FragmentedTextAfterAnother", "6455 §5.4", 75},
       {{kText, "one"},
        {kFin | kMore, ""},
        {kBinary, "\xFF"},
        {kFin | kMore, "\xFE"},
        {kText, "t"},
        {kFin | kMore, "wo"}},
       {"text:one", "binary:\xFF\xFE", "text:two"}},
      {{"CharactersSplitAcrossFragments", "6455 §8.1", 80},
       {{kText, kUtf8.substr(0, 2)},
        {kMore, kUtf8.substr(2, 2)},
        {kMore, ""},
        {kMore, kUtf8.substr(4, 3)},
        {kMore, kUtf8.substr(7, 2)},
        {kFin | kMore, kUtf8.substr(9)}},
       {"text:" + kUtf8}},
      {{"ControlFrames", "6455 §5.5", 76},
       {{kFin | kPing, ""}, {kFin | kPing, "p"}, {kFin | kPong, std::string(125, '.')}, {kFin | kPong, ""}},
       {"ping:", "ping:p", "pong:" + std::string(125, '.'), "pong:"}},
      {{"ControlPayloadsAreNotText", "6455 §5.5.2", 78},
       {{kFin | kPing, "\xFF\x00\xC0"s}, {kFin | kPong, "\xED\xA0\x80"}},
       {"ping:\xFF\x00\xC0"s, "pong:\xED\xA0\x80"}},
      {{"ControlFramesBetweenFragments", "6455 §5.4", 73},
       {{kText, "a"},
        {kFin | kPing, "1"},
        {kFin | kPong, ""},
        {kMore, "b"},
        {kFin | kPing, "two"},
        {kFin | kMore, "c"},
        {kFin | kPing, "3"}},
       {"ping:1", "pong:", "ping:two", "text:abc", "ping:3"}},
      {{"ControlFrameInsideACharacter", "6455 §5.4", 73},
       {{kText, "\xE2"}, {kFin | kPing, "\xE2"}, {kMore, "\x82"}, {kFin | kPong, ""}, {kFin | kMore, "\xAC"}},
       {"ping:\xE2", "pong:", "text:\xE2\x82\xAC"}},
      {{"ControlFrameAfterAnEmptyFirstFragment", "6455 §5.4", 73},
       {{kBinary, ""}, {kFin | kPing, "p"}, {kFin | kMore, "x"}},
       {"ping:p", "binary:x"}},
      {{"MessageOfExactlyTheLimit", "6455 §10.4, attack 2", 83},
       {{kFin | kBinary, std::string(1000, 'x')}},
       {"binary:" + std::string(1000, 'x')}},
      {{"FragmentsOfExactlyTheLimit", "6455 §10.4, attack 7", 83},
       {{kText, std::string(500, 'x')}, {kFin | kPing, std::string(125, '.')}, {kFin | kMore, std::string(500, 'y')}},
       {"ping:" + std::string(125, '.'), "text:" + std::string(500, 'x') + std::string(500, 'y')}},
      {{"AsManyFragmentsAsTheLimit", "6455 §10.4, attack 8", 83},
       joined({{kText, "a"}}, joined(repeated(6, {kMore, "b"}), {{kFin | kMore, "c"}})),
       {"text:abbbbbbc"}},
      {{"FragmentsAreCountedAnewForEachMessage", "6455 §10.4", 83},
       joined(joined(joined({{kText, ""}}, repeated(6, {kMore, ""})), {{kFin | kMore, "1"}}),
              joined(joined({{kText, ""}}, repeated(6, {kMore, ""})), {{kFin | kMore, "2"}})),
       {"text:1", "text:2"}},
      {{"CloseWithNothing", "6455 §5.5.1", 85}, {{kFin | kText, "x"}, {kFin | kClose, ""}}, {"text:x", "close:1005:"}},
      {{"CloseWithCode", "6455 §5.5.1", 85}, {{kFin | kClose, "\x03\xE8"}}, {"close:1000:"}},
      {{"CloseWithReason", "6455 §5.5.1", 85}, {{kFin | kClose, "\x0F\xA0"s + kUtf8}}, {"close:4000:" + kUtf8}},
      {{"CloseOf125Bytes", "6455 §5.5", 76},
       {{kFin | kClose, "\x03\xE8"s + std::string(123, 'r')}},
       {"close:1000:" + std::string(123, 'r')}},
      {{"CloseInsideAMessage", "6455 §5.4, attack 11", 73},
       {{kText, "a"}, {kFin | kClose, "\x03\xE9"}},
       {"close:1001:"}},
      {{"WhatComesAfterACloseIsNotRead", "6455 §5.5.1, attack 11", 85},
       {{kFin | kClose, "\x03\xE8"}, {kFin | kText, "late"}, {0xFF, ""}},
       {"close:1000:"}},
  };
}

WireFrame unmasked(unsigned first, std::size_t header_bytes) {
  WireFrame frame{first, "x"};
  frame.wrongly_masked = true;
  frame.header_bytes = header_bytes;
  return frame;
}

// Only so much of its header: the rule is broken there.
WireFrame header_of(unsigned first, std::uint64_t announced, std::size_t header_bytes,
                    LengthForm form = LengthForm::shortest) {
  WireFrame frame{first, ""};
  frame.announced = announced;
  frame.form = form;
  frame.header_bytes = header_bytes;
  return frame;
}

// More is announced than the payload that is there.
WireFrame unfinished(unsigned first, std::string payload, std::uint64_t announced = 100) {
  WireFrame frame{first, std::move(payload)};
  frame.announced = announced;
  return frame;
}

std::vector<Row> illegal_rows() {
  std::vector<Row> rows = {
      {{"WrongMasking", "6455 §5.1, attack 5", 65}, {unmasked(kFin | kText, 2)}, {}, unmasked_frame},
      {{"WrongMaskingOfAnEmptyFrame", "6455 §5.1", 65}, {header_of(kFin | kPing, 0, 2)}, {}, unmasked_frame},
      {{"WrongMaskingLater", "6455 §5.1", 66},
       {{kFin | kText, "x"}, {kText, "a"}, unmasked(kFin | kMore, 2)},
       {"text:x"},
       unmasked_frame},
      {{"Rsv1", "6455 §5.2", 67}, {header_of(kFin | 0x40 | kText, 1, 1)}, {}, reserved_bits},
      {{"Rsv2", "6455 §5.2", 67}, {header_of(kFin | 0x20 | kBinary, 1, 1)}, {}, reserved_bits},
      {{"Rsv3", "6455 §5.2", 67}, {header_of(kFin | 0x10 | kText, 1, 1)}, {}, reserved_bits},
      {{"Rsv1OnAControlFrame", "6455 §5.2, attack 11", 67},
       {{kFin | kText, "x"}, header_of(kFin | 0x40 | kPing, 1, 1)},
       {"text:x"},
       reserved_bits},
      {{"Rsv1OnAContinuation", "6455 §5.2", 67}, {{kText, "x"}, header_of(kFin | 0x40, 1, 1)}, {}, reserved_bits},
      {{"ControlFragmented", "6455 §5.5, attack 11", 76}, {header_of(kPing, 1, 1)}, {}, control_fragmented},
      {{"CloseFragmented", "6455 §5.5, attack 11", 76}, {header_of(kClose, 2, 1)}, {}, control_fragmented},
      {{"PongFragmentedInsideAMessage", "6455 §5.5", 76},
       {{kText, "x"}, header_of(kPong, 0, 1)},
       {},
       control_fragmented},
      {{"PingOf126", "6455 §5.5, attack 11", 76}, {header_of(kFin | kPing, 126, 2)}, {}, control_too_long},
      {{"PongOf65536", "6455 §5.5, attack 11", 76}, {header_of(kFin | kPong, 65'536, 2)}, {}, control_too_long},
      {{"CloseOf126", "6455 §5.5", 76}, {header_of(kFin | kClose, 126, 2)}, {}, control_too_long},
      {{"ContinuationFirst", "6455 §5.4", 74}, {header_of(kFin | kMore, 1, 1)}, {}, stray_continuation},
      {{"ContinuationAfterAMessage", "6455 §5.4", 74},
       {{kText, "a"}, {kFin | kMore, "b"}, header_of(kMore, 1, 1)},
       {"text:ab"},
       stray_continuation},
      {{"ContinuationAfterAWholeMessageAndAPing", "6455 §5.4", 74},
       {{kFin | kText, "a"}, {kFin | kPing, ""}, header_of(kFin | kMore, 0, 1)},
       {"text:a", "ping:"},
       stray_continuation},
      {{"TextInsideAMessage", "6455 §5.4", 74}, {{kText, "a"}, header_of(kFin | kText, 1, 1)}, {}, interleaved_message},
      {{"BinaryInsideAText", "6455 §5.4", 74},
       {{kText, ""}, {kFin | kPing, ""}, header_of(kBinary, 1, 1)},
       {"ping:"},
       interleaved_message},
      {{"NotMinimalInTwoBytes", "6455 §5.2, attack 5", 70},
       {header_of(kFin | kBinary, 125, 4, LengthForm::two_bytes)},
       {},
       length_not_minimal},
      {{"NotMinimalInEightBytes", "6455 §5.2, attack 5", 70},
       {header_of(kFin | kBinary, 65'535, 8, LengthForm::eight_bytes)},
       {},
       length_not_minimal},
      {{"TwoToThe63", "6455 §5.2, attack 1", 69},
       {header_of(kFin | kBinary, std::uint64_t{1} << 63, 3)},
       {},
       length_high_bit},
      {{"TwoToThe64LessOne", "6455 §5.2, attack 1", 69}, {header_of(kFin | kText, kMost, 3)}, {}, length_high_bit},
      {{"CloseOfOneByte", "6455 §5.5.1, attack 12", 85}, {{kFin | kClose, "\x03"}}, {}, close_one_byte},
      {{"CloseWithCode1005", "6455 §7.4.1, attack 12", 85}, {{kFin | kClose, "\x03\xED"}}, {}, Violation::close_code},
      {{"CloseWithCodeZeroAndReason", "6455 §7.4, attack 12", 85},
       {{kFin | kText, "x"}, {kFin | kClose, "\x00\x00why"s}},
       {"text:x"},
       Violation::close_code},
      {{"CloseWithBadReason", "6455 §5.5.1, attack 12", 85},
       {{kFin | kClose, "\x03\xE8\xE2\x82"}},
       {},
       close_reason_not_utf8},
      {{"FrameOverTheLimit", "6455 §10.4, attack 2", 83}, {header_of(kFin | kBinary, 1001, 4)}, {}, message_too_big},
      {{"FirstFragmentOverTheLimit", "6455 §10.4, attack 2", 83}, {header_of(kBinary, 1001, 4)}, {}, message_too_big},
      {{"FragmentsOverTheLimit", "6455 §10.4, attack 7", 83},
       {{kBinary, std::string(999, 'x')}, {kFin | kPing, ""}, header_of(kFin | kMore, 2, 2)},
       {"ping:"},
       message_too_big},
      {{"ThreeFragmentsOverTheLimit", "6455 §10.4, attack 7", 83},
       {{kBinary, std::string(400, 'x')}, {kMore, std::string(400, 'x')}, header_of(kFin | kMore, 201, 4)},
       {},
       message_too_big},
      {{"FragmentsOverTheLimitWithAHugeOne", "6455 §10.4, attack 2", 83},
       {{kBinary, "1234567890"}, header_of(kFin | kMore, kMost >> 1, 10)},
       {},
       message_too_big},
      {{"TooManyFragments", "6455 §10.4, attack 8", 83},
       joined(joined({{kText, "a"}}, repeated(7, {kMore, "b"})), {{kMore, ""}}),
       {},
       too_many_fragments},
      {{"TooManyEmptyFragments", "6455 §10.4, attack 8", 83},
       joined(joined({{kBinary, ""}}, repeated(7, {kMore, ""})), {{kFin | kMore, ""}}),
       {},
       too_many_fragments},
      {{"TooManyFragmentsWithPingsBetween", "6455 §10.4, attack 8", 83},
       joined(joined({{kText, ""}, {kFin | kPing, "1"}}, repeated(7, {kMore, ""})), {{kFin | kPing, "2"}, {kMore, ""}}),
       {"ping:1", "ping:2"},
       too_many_fragments},
      {{"TextEndsInsideACharacter", "6455 §8.1", 80}, {{kFin | kText, "ab\xE2\x82"}}, {}, text_not_utf8},
      {{"FragmentedTextEndsInsideACharacter", "6455 §8.1", 80},
       {{kText, "ab\xE2"}, {kFin | kMore, "\x82"}},
       {},
       text_not_utf8},
      {{"FragmentedTextEndsInsideACharacterWithAnEmptyFrame", "6455 §8.1", 80},
       {{kText, "ab\xF4\x8F\xBF"}, {kFin | kPing, "\xBF"}, {kFin | kMore, ""}},
       {"ping:\xBF"},
       text_not_utf8},
      {{"ACharacterIsNotContinuedInTheNextFrame", "6455 §8.1", 80},
       {{kText, "\xE2\x82"}, unfinished(kFin | kMore, "x")},
       {},
       text_not_utf8},
      {{"ACharacterIsNotContinuedInTheNextMessage", "6455 §8.1", 80},
       {{kText, "a"}, {kFin | kMore, "\xC3\xA9"}, unfinished(kText, "\xA9")},
       {"text:a\xC3\xA9"},
       text_not_utf8},
  };
  // RFC 6455 §5.2: all reserved opcodes, at the first byte.
  static const std::array<const char*, 10> names = {"Opcode3", "Opcode4", "Opcode5", "Opcode6", "Opcode7",
                                                    "OpcodeB", "OpcodeC", "OpcodeD", "OpcodeE", "OpcodeF"};
  for (unsigned i = 0; i < names.size(); ++i) {
    const unsigned opcode = i < 5 ? 3 + i : 6 + i;
    rows.push_back({{names[i], "6455 §5.2", 68},
                    {{kFin | kText, "x"}, header_of(kFin | opcode, 0, 1)},
                    {"text:x"},
                    unknown_opcode});
  }
  // RFC 3629 §3: each ends with the first byte that no valid text has there; much more is announced.
  struct BadText {
    const char* name;
    std::string text;
  };
  static const std::vector<BadText> bad_texts = {
      {"BadTextContinuationFirst", "\x80"},
      {"BadTextOverlongTwo", "ab\xC0"},
      {"BadTextOverlongTwoC1", "ab\xC1"},
      {"BadTextOverlongThree", "\xE0\x9F"},
      {"BadTextSurrogate", "$\xED\xA0"},
      {"BadTextOverlongFour", "\xF0\x8F"},
      {"BadTextBeyondTheLast", "\xF4\x90"},
      {"BadTextF5", "\xF5"},
      {"BadTextFF", std::string(70, 'x') + "\xFF"},
      {"BadTextSecondMissing", "\xC3x"},
      {"BadTextThirdMissing", "\xE2\x82\xC3"},
      {"BadTextFourthMissing", kUtf8 + "\xF0\x9F\x98$"},
  };
  for (const BadText& bad : bad_texts) {
    rows.push_back({{bad.name, "6455 §8.1", 80}, {unfinished(kText, bad.text)}, {}, text_not_utf8});
  }
  static const std::vector<std::string> in_fragments = [] {
    std::vector<std::string> fragment_names;
    for (const BadText& bad : bad_texts) fragment_names.push_back(std::string(bad.name) + "AcrossFragments");
    return fragment_names;
  }();
  for (std::size_t i = 0; i < bad_texts.size(); ++i) {
    const std::string& text = bad_texts[i].text;
    const std::size_t cut = text.size() - 1;
    rows.push_back({{in_fragments[i].c_str(), "6455 §8.1", 80},
                    {{kText, text.substr(0, cut)}, {kFin | kPing, "p"}, unfinished(kFin | kMore, text.substr(cut))},
                    {"ping:p"},
                    text_not_utf8});
  }
  return rows;
}

// The same rule has another name for a client (RFC 6455 §5.1).
Violation as_seen_by(Role role, Violation violation) {
  return role == Role::client && violation == unmasked_frame ? masked_frame : violation;
}

std::string stream_of_row(Role role, const Row& row) {
  std::vector<WireFrame> frames = row.frames;
  if (row.violation == unmasked_frame) frames.back().wrongly_masked = true;
  return stream_of(role, frames);
}

class ReaderRow : public testing::TestWithParam<Row> {
 protected:
  [[nodiscard]] Outcome expected(Role role, std::string_view stream) const {
    const Row& row = GetParam();
    std::size_t end = stream.size();
    if (!row.events.empty() && row.events.back().starts_with("close:")) end = size_up_to_close(role);
    return {row.events, as_seen_by(role, row.violation), end};
  }

  [[nodiscard]] std::size_t size_up_to_close(Role role) const {
    std::vector<WireFrame> frames;
    for (const WireFrame& frame : GetParam().frames) {
      frames.push_back(frame);
      if ((frame.first & 0x0F) == kClose) break;
    }
    return stream_of(role, frames).size();
  }
};

TEST_P(ReaderRow, GivesTheSameForEveryFeeding) {
  for (const Role role : kRoles) {
    const std::string stream = stream_of_row(role, GetParam());
    const Outcome wanted = expected(role, stream);
    for_every_feeding(stream.size(), [&](const Feeding& feeding) {
      ASSERT_EQ(outcome_of(role, stream, feeding, kLimits), wanted) << "first read: " << feeding.front();
    });
  }
}

TEST_P(ReaderRow, GivesTheSameToASinkThatStopsAtEveryEvent) {
  for (const Role role : kRoles) {
    const std::string stream = stream_of_row(role, GetParam());
    const Outcome wanted = expected(role, stream);
    for_every_feeding(stream.size(), [&](const Feeding& feeding) {
      ASSERT_EQ(outcome_of(role, stream, feeding, kLimits, 1), wanted) << "first read: " << feeding.front();
    });
  }
}

TEST_P(ReaderRow, GivesTheSameInRandomPiecesAndWithItsOwnMemory) {
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  for (const Role role : kRoles) {
    const std::string stream = stream_of_row(role, GetParam());
    const Outcome wanted = expected(role, stream);
    for (int round = 0; round < 20; ++round) {
      StreamFeeder feeder(role, stream, kLimits);
      while (!feeder.over()) feeder.feed_directly(1 + random() % (1 + random() % 200));
      ASSERT_EQ(feeder.outcome(), wanted);
    }
  }
}

// Not too early, for what comes before the last byte is legal; not too late, for that byte is the last one.
TEST_P(ReaderRow, ItsBeginningsAreLegal) {
  for (const Role role : kRoles) {
    const std::string stream = stream_of_row(role, GetParam());
    const Outcome wanted = expected(role, stream);
    for (std::size_t size = 0; size < stream.size(); ++size) {
      const Outcome outcome = outcome_of(role, stream.substr(0, size), at_once(size), kLimits);
      ASSERT_EQ(outcome.violation, none) << "after " << size << " bytes";
      ASSERT_EQ(outcome.arrived, std::min(size, wanted.arrived));
      ASSERT_LE(outcome.events.size(), wanted.events.size());
      ASSERT_TRUE(std::equal(outcome.events.begin(), outcome.events.end(), wanted.events.begin()));
    }
  }
}

TEST_P(ReaderRow, BytesBehindAViolationChangeNothing) {
  if (GetParam().violation == none) return;  // what follows is another frame
  for (const Role role : kRoles) {
    std::string stream = stream_of_row(role, GetParam());
    Outcome wanted = expected(role, stream);
    stream += std::string(40, '\xF7');
    wanted.arrived = stream.size();
    EXPECT_EQ(outcome_of(role, stream, at_once(stream.size()), kLimits), wanted);
  }
}

std::string row_name(const testing::TestParamInfo<Row>& info) { return info.param.source.name; }

INSTANTIATE_TEST_SUITE_P(Legal, ReaderRow, testing::ValuesIn(legal_rows()), row_name);
INSTANTIATE_TEST_SUITE_P(Illegal, ReaderRow, testing::ValuesIn(illegal_rows()), row_name);

// ---- Lengths and limits

struct Announced {
  Source source;
  std::uint64_t length;
  std::uint64_t limit;
  Violation violation;
};

void PrintTo(const Announced& row, std::ostream* out) { *out << row.source; }

constexpr std::uint64_t kTwo31 = std::uint64_t{1} << 31;
constexpr std::uint64_t kTwo32 = std::uint64_t{1} << 32;
constexpr std::uint64_t kTwo63 = std::uint64_t{1} << 63;
constexpr std::uint64_t kMebibyte = 1 << 20;

constexpr std::array kAnnounced = {
    Announced{{"Zero", "attack 6", 83}, 0, kMebibyte, none},
    Announced{{"One", "attack 2", 83}, 1, kMebibyte, none},
    Announced{{"L125", "6455 §5.2", 70}, 125, kMebibyte, none},
    Announced{{"L126", "6455 §5.2", 70}, 126, kMebibyte, none},
    Announced{{"L127", "6455 §5.2", 70}, 127, kMebibyte, none},
    Announced{{"L128", "6455 §5.2", 70}, 128, kMebibyte, none},
    Announced{{"L65535", "6455 §5.2", 70}, 65'535, kMebibyte, none},
    Announced{{"L65536", "6455 §5.2", 70}, 65'536, kMebibyte, none},
    Announced{{"LimitLessOne", "attack 2", 83}, kMebibyte - 1, kMebibyte, none},
    Announced{{"Limit", "attack 2", 83}, kMebibyte, kMebibyte, none},
    Announced{{"LimitPlusOne", "attack 2", 83}, kMebibyte + 1, kMebibyte, message_too_big},
    Announced{{"Two31LessOne", "attack 2", 83}, kTwo31 - 1, kMebibyte, message_too_big},
    Announced{{"Two31", "attack 2", 83}, kTwo31, kMebibyte, message_too_big},
    Announced{{"Two31PlusOne", "attack 2", 83}, kTwo31 + 1, kMebibyte, message_too_big},
    Announced{{"Two32LessOne", "attack 2", 83}, kTwo32 - 1, kMebibyte, message_too_big},
    Announced{{"Two32", "attack 2", 83}, kTwo32, kMebibyte, message_too_big},
    Announced{{"Two32PlusOne", "attack 2", 83}, kTwo32 + 1, kMebibyte, message_too_big},
    Announced{{"Two32PlusFive", "attack 2", 83}, kTwo32 + 5, kMebibyte, message_too_big},
    Announced{{"Two32PlusTheLimit", "attack 2", 83}, kTwo32 + kMebibyte, kMebibyte, message_too_big},
    Announced{{"Two33PlusFive", "attack 2", 83}, 2 * kTwo32 + 5, kMebibyte, message_too_big},
    Announced{{"Two63LessOne", "attack 1", 69}, kTwo63 - 1, kMebibyte, message_too_big},
    Announced{{"Two63", "attack 1", 69}, kTwo63, kMebibyte, length_high_bit},
    Announced{{"Two63PlusFive", "attack 1", 69}, kTwo63 + 5, kMebibyte, length_high_bit},
    Announced{{"Two64LessOne", "attack 1", 69}, kMost, kMebibyte, length_high_bit},
    Announced{{"Two32PlusFiveUnderALargeLimit", "attack 4", 83}, kTwo32 + 5, kTwo32 + 5, none},
    Announced{{"Two32PlusFiveOverALargeLimit", "attack 2", 83}, kTwo32 + 5, kTwo32 + 4, message_too_big},
    Announced{{"Two63LessOneWithoutALimit", "attack 4", 83}, kTwo63 - 1, kMost, none},
    Announced{{"Two63WithoutALimit", "attack 1", 69}, kTwo63, kMost, length_high_bit},
    Announced{{"OneOverNothing", "attack 2", 83}, 1, 0, message_too_big},
    Announced{{"ZeroOverNothing", "attack 2", 83}, 0, 0, none},
};

class ReaderLength : public testing::TestWithParam<Announced> {};

// Alone, after some of a message, and for each form of frame; up to five bytes of payload come after it.
TEST_P(ReaderLength, IsAcceptedUpToTheLimitOfTheMessage) {
  const Announced& row = GetParam();
  for (const Role role : kRoles) {
    for (const unsigned first : {kFin | kText, kFin | kBinary, kText, kBinary}) {
      const WireFrame frame = unfinished(first, std::string(std::min<std::uint64_t>(row.length, 5), 'x'), row.length);
      const std::string stream = stream_of(role, {frame});
      const MessageRules limits{.message_bytes = row.limit, .fragments = 8};
      for_every_feeding(stream.size(), [&](const Feeding& feeding) {
        ASSERT_EQ(outcome_of(role, stream, feeding, limits).violation, row.violation);
      });
    }
  }
}

TEST_P(ReaderLength, CountsWhatTheMessageHasAlready) {
  const Announced& row = GetParam();
  if (row.limit < 3) return;  // no room for a first fragment
  for (const Role role : kRoles) {
    const WireFrame rest = unfinished(kFin | kMore, "", row.length);
    const std::string stream = stream_of(role, {{kBinary, "abc"}, rest});
    const MessageRules limits{.message_bytes = row.limit, .fragments = 8};
    const bool too_big = row.violation == none && row.length > row.limit - 3;
    for_every_feeding(stream.size(), [&](const Feeding& feeding) {
      ASSERT_EQ(outcome_of(role, stream, feeding, limits).violation, too_big ? message_too_big : row.violation);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(EveryRow, ReaderLength, testing::ValuesIn(kAnnounced), RowName());

TEST(MessageReader, TheLimitDoesNotConcernControlFrames) {
  for (const Role role : kRoles) {
    const std::string stream =
        stream_of(role, {{kText, "ab"}, {kFin | kPing, std::string(125, 'p')}, {kFin | kMore, ""}});
    const MessageRules limits{.message_bytes = 2, .fragments = 2};
    for_every_feeding(stream.size(), [&](const Feeding& feeding) {
      const Outcome outcome = outcome_of(role, stream, feeding, limits);
      ASSERT_EQ(outcome.violation, none);
      ASSERT_EQ(outcome.events, (std::vector<std::string>{"ping:" + std::string(125, 'p'), "text:ab"}));
    });
  }
}

// Attack 12, checklist 93.
TEST(MessageReader, JudgesAll65536CloseCodes) {
  for (unsigned code = 0; code <= 0xFFFF; ++code) {
    const std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    for (const Role role : kRoles) {
      const std::string stream = stream_of(role, {{kFin | kClose, payload}});
      const Outcome outcome = outcome_of(role, stream, at_once(stream.size()), kLimits);
      const bool legal = may_be_sent(static_cast<std::uint16_t>(code));
      ASSERT_EQ(outcome.violation, legal ? none : Violation::close_code) << code;
      ASSERT_EQ(outcome.events.size(), legal ? 1U : 0U);
    }
  }
}

// ---- Large messages

std::string random_payload(std::mt19937& random, std::size_t size, bool text) {
  std::string payload;
  payload.reserve(size + 16);
  while (payload.size() < size) {
    if (text) {
      payload += random() % 4 == 0 ? kUtf8 : std::string(1, static_cast<char>('a' + random() % 26));
    } else {
      payload += static_cast<char>(random() & 0xFF);
    }
  }
  return payload;
}

struct Script {
  std::vector<WireFrame> frames;
  std::vector<std::string> events;
};

// Messages of all sizes up to some hundred KiB, whole and in fragments, with control frames between those.
Script random_script(std::mt19937& random) {
  Script script;
  for (int message = 0; message < 6; ++message) {
    const bool text = random() % 2 == 0;
    const std::size_t size = random() % 3 == 0 ? random() % 300'000 : random() % 300;
    const std::string payload = random_payload(random, size, text);
    unsigned first = text ? kText : kBinary;
    std::size_t position = 0;
    for (std::size_t left = 1 + random() % 4; left > 0; --left) {
      const std::size_t piece = left == 1 ? payload.size() - position : random() % (payload.size() - position + 1);
      script.frames.push_back({first | (left == 1 ? kFin : 0U), payload.substr(position, piece)});
      position += piece;
      first = kMore;
      if (left > 1 && random() % 2 == 0) {
        const std::string data(random() % 126, 'p');
        script.frames.push_back({kFin | kPing, data});
        script.events.push_back("ping:" + data);
      }
    }
    script.events.push_back((text ? "text:" : "binary:") + payload);
  }
  return script;
}

constexpr MessageRules kLargeLimits{.message_bytes = 1 << 20, .fragments = 1000};

TEST(MessageReader, GivesTheSameForLargeMessagesInRandomPieces) {
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  std::size_t direct_bytes = 0;
  for (int round = 0; round < 60; ++round) {
    const Script script = random_script(random);
    const Role role = kRoles[static_cast<std::size_t>(round) % 2];
    const std::string stream = stream_of(role, script.frames);
    const Outcome wanted{script.events, none, stream.size()};
    ASSERT_EQ(outcome_of(role, stream, at_once(stream.size()), kLargeLimits), wanted);
    for (const std::size_t largest : {100U, 5'000U, 70'000U, 500'000U}) {
      StreamFeeder copied(role, stream, kLargeLimits);
      while (!copied.over()) copied.feed_to(std::min(stream.size(), copied.outcome().arrived + 1 + random() % largest));
      ASSERT_EQ(copied.outcome(), wanted) << largest;
      StreamFeeder direct(role, stream, kLargeLimits);
      while (!direct.over()) direct.feed_directly(1 + random() % largest);
      ASSERT_EQ(direct.outcome(), wanted) << largest;
      direct_bytes += direct.direct_bytes;
    }
  }
  EXPECT_GT(direct_bytes, 10'000'000U) << "or nothing was tested";
}

TEST(MessageReader, ABadByteInALargeTextIsRefusedWhenItArrives) {
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    const Role role = kRoles[static_cast<std::size_t>(round) % 2];
    std::string payload = random_payload(random, 1000 + random() % 200'000, true);
    const std::size_t bad = random() % payload.size();
    payload[bad] = '\xFF';
    const std::string stream = stream_of(role, {{kFin | kText, payload}});
    const std::size_t bad_at = stream.size() - payload.size() + bad;
    for (const bool direct : {false, true}) {
      StreamFeeder feeder(role, stream, kLargeLimits);
      while (!feeder.over()) {
        const std::size_t before = feeder.outcome().arrived;
        const std::size_t size = 1 + random() % 40'000;
        if (direct) {
          feeder.feed_directly(size);
        } else {
          feeder.feed_to(std::min(stream.size(), before + size));
        }
        const bool arrived = feeder.outcome().arrived > bad_at;
        ASSERT_EQ(feeder.outcome().violation, arrived ? text_not_utf8 : none);
      }
      ASSERT_EQ(feeder.outcome().violation, text_not_utf8);
      ASSERT_TRUE(feeder.outcome().events.empty());
    }
  }
}

TEST(MessageReader, OffersItsMemoryOnlyForALargePayloadThatIsOnItsWay) {
  for (const Role role : kRoles) {
    StreamFeeder whole(role, "", kLargeLimits);
    EXPECT_TRUE(whole.reader().direct_room().empty());

    const std::string small = stream_of(role, {unfinished(kFin | kBinary, std::string(900, 'x'), 1000)});
    StreamFeeder small_feeder(role, small, kLargeLimits);
    small_feeder.feed_to(small.size());
    EXPECT_TRUE(small_feeder.reader().direct_room().empty());

    const std::string ping = stream_of(role, {{kBinary, std::string(50'000, 'x')}, unfinished(kFin | kPing, "p", 100)});
    StreamFeeder ping_feeder(role, ping, kLargeLimits);
    ping_feeder.feed_to(ping.size());
    EXPECT_TRUE(ping_feeder.reader().direct_room().empty());

    const std::string large = stream_of(role, {unfinished(kFin | kBinary, std::string(60'000, 'x'), 200'000)});
    StreamFeeder large_feeder(role, large, kLargeLimits);
    large_feeder.feed_to(large.size());
    EXPECT_FALSE(large_feeder.reader().direct_room().empty());
    EXPECT_LE(large_feeder.reader().direct_room().size(), 140'000U) << "the next frame does not belong there";
  }
}

// ---- The view that a sink gets

class ViewChecker {
 public:
  explicit ViewChecker(std::span<const std::byte> input) : input_(input) {}
  bool on_data(Opcode, std::span<std::byte> bytes) { return note(bytes); }
  bool on_control(Opcode, std::span<std::byte> bytes) { return note(bytes); }
  bool on_close_frame(const ClosePayload& close) { return note(std::as_bytes(std::span(close.reason))); }
  int inside = 0;
  int elsewhere = 0;

 private:
  bool note(std::span<const std::byte> bytes) {
    const bool is_inside =
        bytes.data() >= input_.data() && bytes.data() + bytes.size() <= input_.data() + input_.size();
    ++(is_inside ? inside : elsewhere);
    return true;
  }
  std::span<const std::byte> input_;
};

TEST(MessageReader, HandsOnWholeFramesWhereTheyLie) {
  for (const Role role : kRoles) {
    const std::string stream = stream_of(
        role, {{kFin | kText, "one"}, {kFin | kPing, "two"}, {kFin | kBinary, ""}, {kFin | kClose, "\x03\xE8why"}});
    ExactBlock block(stream);
    ViewChecker sink(bytes_of(block));
    MessageReader reader;
    EXPECT_EQ(read_as(role, reader, bytes_of(block), kLimits, sink).violation, none);
    EXPECT_EQ(sink.inside, 4);
    EXPECT_EQ(sink.elsewhere, 0);
  }
}

// Whole frames, and frames of which the first byte was read before.
TEST(MessageReader, StopsBehindTheFrameAtWhichTheSinkSaysSo) {
  const std::vector<WireFrame> frames = {{kFin | kText, "one"},   {kFin | kPing, "two"}, {kFin | kBinary, ""},
                                         {kFin | kPong, ""},      {kText, "a"},          {kFin | kPing, "inside"},
                                         {kFin | kMore, "b"},     {kFin | kPing, "end"}, {kFin | kClose, "\x03\xE8"},
                                         {kFin | kText, "unread"}};
  for (const Role role : kRoles) {
    for (const std::size_t beginning : {0U, 1U, 7U}) {
      std::size_t start = 0;
      const std::string stream = stream_of(role, frames);
      MessageReader reader;
      for (std::size_t i = 0; i + 1 < frames.size(); ++i) {
        const std::size_t end =
            stream_of(role, {frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(i) + 1}).size();
        if (i == 4) continue;  // the first fragment is no event
        Recorder sink(1);
        const std::size_t first = std::min(beginning, end - start - 1);
        ExactBlock head(std::string_view(stream).substr(start, first));
        ASSERT_EQ(read_as(role, reader, bytes_of(head), kLimits, sink).consumed, first);
        ASSERT_TRUE(sink.events.empty());
        ExactBlock rest(std::string_view(stream).substr(start + first));
        ASSERT_EQ(read_as(role, reader, bytes_of(rest), kLimits, sink).consumed, end - start - first) << "frame " << i;
        ASSERT_EQ(sink.events.size(), 1U);
        start = end;
      }
    }
  }
}

TEST(MessageReader, TakesReadsOfNothingInEveryState) {
  for (const Role role : kRoles) {
    const std::string stream = stream_of(
        role, {{kText, "Hel"}, {kFin | kPing, "ping"}, {kFin | kMore, "lo"}, {kFin | kBinary, std::string(200, 'x')}});
    MessageReader reader;
    Recorder sink;
    for (const char byte : stream) {
      EXPECT_EQ(read_as(role, reader, {}, kLimits, sink).consumed, 0U);
      ExactBlock block(std::string_view(&byte, 1));
      ASSERT_EQ(read_as(role, reader, bytes_of(block), kLimits, sink).violation, none);
    }
    EXPECT_EQ(read_as(role, reader, {}, kLimits, sink).violation, none);
    EXPECT_EQ(sink.events, (std::vector<std::string>{"ping:ping", "text:Hello", "binary:" + std::string(200, 'x')}));
  }
}

// Attack 13: a block that was another peer's before must not shine through.
TEST(MessageReader, EchoesNothingButWhatTheFrameCarried) {
  for (const Role role : kRoles) {
    MessageReader reader;
    Recorder sink;
    const auto feed = [&](const std::vector<WireFrame>& frames) {
      const std::string stream = stream_of(role, frames);
      for (const char byte : stream) {
        ExactBlock block(std::string_view(&byte, 1));
        ASSERT_EQ(read_as(role, reader, bytes_of(block), kLimits, sink).violation, none);
      }
    };
    feed({{kFin | kPing, std::string(125, 's')},
          {kFin | kPing, "a"},
          {kText, "x"},
          {kFin | kPing, std::string(125, 't')},
          {kFin | kPong, "bc"},
          {kFin | kMore, ""},
          {kFin | kPing, ""}});
    EXPECT_EQ(sink.events, (std::vector<std::string>{"ping:" + std::string(125, 's'), "ping:a",
                                                     "ping:" + std::string(125, 't'), "pong:bc", "text:x", "ping:"}));
  }
}

}  // namespace
}  // namespace mote::proto
