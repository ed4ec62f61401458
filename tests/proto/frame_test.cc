#include "proto/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/frame_stream.h"

namespace mote::proto {
namespace {

using namespace std::string_view_literals;
using mote::test::append_length;
using mote::test::ExactBlock;
using mote::test::LengthForm;
using mote::test::RowName;
using mote::test::Source;
using enum Violation;

constexpr std::array kRoles = {Role::server, Role::client};

struct Answer {
  Violation violation = none;
  FrameHeader header;
};

Answer parse(Role role, std::string_view bytes, const FrameRules& rules = {}) {
  const ExactBlock block(bytes);
  const auto* const data = reinterpret_cast<const std::byte*>(block.view().data());
  Answer answer;
  answer.header.size = 77;  // both are the parser's to set, whatever they were
  answer.header.payload_bytes = 77;
  answer.violation = role == Role::server ? parse_frame_header<Role::server>(data, bytes.size(), rules, answer.header)
                                          : parse_frame_header<Role::client>(data, bytes.size(), rules, answer.header);
  return answer;
}

std::string header_of(Role reader, unsigned first, std::uint64_t length, LengthForm form = LengthForm::shortest) {
  std::string header(1, static_cast<char>(first));
  append_length(header, length, form, reader == Role::server ? 0x80U : 0U);
  if (reader == Role::server) header += "\x37\xFA\x21\x3D";
  return header;
}

// ---- Legal headers

constexpr std::array<std::uint64_t, 14> kLengths = {0,
                                                    1,
                                                    124,
                                                    125,
                                                    126,
                                                    127,
                                                    128,
                                                    65'534,
                                                    65'535,
                                                    65'536,
                                                    65'537,
                                                    std::uint64_t{1} << 31,
                                                    (std::uint64_t{1} << 32) + 5,
                                                    (std::uint64_t{1} << 63) - 1};

TEST(FrameHeader, EveryLegalLengthIsRead) {
  for (const Role role : kRoles) {
    for (const std::uint64_t length : kLengths) {
      const std::string bytes = header_of(role, 0x82, length);
      const Answer answer = parse(role, bytes);
      EXPECT_EQ(answer.violation, none) << length;
      EXPECT_EQ(answer.header.size, bytes.size());
      EXPECT_EQ(answer.header.payload_bytes, length);
      EXPECT_EQ(answer.header.opcode, Opcode::binary);
      EXPECT_TRUE(answer.header.fin);
      constexpr std::array<unsigned char, 4> key = {0x37, 0xFA, 0x21, 0x3D};
      EXPECT_EQ(answer.header.masking_key, role == Role::server ? std::bit_cast<std::uint32_t>(key) : 0U);
    }
  }
}

TEST(FrameHeader, BytesBehindItChangeNothing) {
  for (const Role role : kRoles) {
    for (const std::uint64_t length : kLengths) {
      const std::string bytes = header_of(role, 0x02, length);
      const Answer answer = parse(role, bytes + std::string(20, '\xFF'));
      EXPECT_EQ(answer.violation, none);
      EXPECT_EQ(answer.header.size, bytes.size());
      EXPECT_EQ(answer.header.payload_bytes, length);
      EXPECT_FALSE(answer.header.fin);
    }
  }
}

TEST(FrameHeader, TooFewBytesAreIncompleteAndTheLengthIsKnownBeforeTheKey) {
  for (const Role role : kRoles) {
    for (const std::uint64_t length : kLengths) {
      const std::string bytes = header_of(role, 0x82, length);
      const std::size_t key_bytes = role == Role::server ? 4 : 0;
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        const Answer answer = parse(role, bytes.substr(0, size));
        EXPECT_EQ(answer.violation, none) << size;
        EXPECT_EQ(answer.header.size, 0U) << size;
        EXPECT_EQ(answer.header.payload_bytes, size >= bytes.size() - key_bytes ? length : 0U) << size;
      }
    }
  }
}

// ---- The first two bytes: all of them, judged by the RFC's sentences one after the other

Violation expected_of(Role role, unsigned first, unsigned second, const FrameRules& rules) {
  const bool fin = (first & 0x80) != 0;
  const unsigned opcode = first & 0x0F;
  const bool data_begins = opcode == 1 || opcode == 2;
  const bool control = opcode == 8 || opcode == 9 || opcode == 10;
  const bool rsv1 = (first & 0x40) != 0;
  if ((first & 0x30) != 0) return reserved_bits;                            // §5.2
  if (rsv1 && !rules.deflate) return reserved_bits;                         // §5.2
  if (opcode != 0 && !data_begins && !control) return unknown_opcode;       // §5.2
  if (rsv1 && !data_begins) return compressed_bit_misplaced;                // RFC 7692 §6
  if (control && !fin) return control_fragmented;                           // §5.5
  if (opcode == 0 && !rules.inside_message) return stray_continuation;      // §5.4
  if (data_begins && rules.inside_message) return interleaved_message;      // §5.4
  if (role == Role::server && (second & 0x80) == 0) return unmasked_frame;  // §5.1
  if (role == Role::client && (second & 0x80) != 0) return masked_frame;    // §5.1
  if (control && (second & 0x7F) > 125) return control_too_long;            // §5.5
  return none;
}

// checklist 65, 66, 67, 68, 74, 76, 98
TEST(FrameHeader, EveryPairOfFirstBytesIsJudgedAtTheByteThatBreaksTheRule) {
  for (const Role role : kRoles) {
    for (const unsigned flags : {0U, 1U, 2U, 3U}) {
      const FrameRules rules{.inside_message = (flags & 1) != 0, .deflate = (flags & 2) != 0};
      for (unsigned pair = 0; pair <= 0xFFFF; ++pair) {
        const unsigned first = pair >> 8;
        const unsigned second = pair & 0xFF;
        const Violation expected = expected_of(role, first, second, rules);
        const std::string bytes = {static_cast<char>(first), static_cast<char>(second)};
        ASSERT_EQ(parse(role, bytes, rules).violation, expected) << pair;
        const bool by_the_first = expected == reserved_bits || expected == unknown_opcode ||
                                  expected == control_fragmented || expected == stray_continuation ||
                                  expected == interleaved_message || expected == compressed_bit_misplaced;
        ASSERT_EQ(parse(role, bytes.substr(0, 1), rules).violation, by_the_first ? expected : none) << pair;
      }
    }
  }
}

// ---- Lengths

struct LengthRow {
  Source source;
  std::uint64_t length;
  LengthForm form;
  Violation violation;
  std::size_t decided_at;  // bytes of the header that are needed; 0: it is legal
};

void PrintTo(const LengthRow& row, std::ostream* out) { *out << row.source; }

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

constexpr std::array kLengthRows = {
    LengthRow{{"ZeroInTwoBytes", "6455 §5.2", 70}, 0, LengthForm::two_bytes, length_not_minimal, 4},
    LengthRow{{"LargestShortOneInTwoBytes", "6455 §5.2", 70}, 125, LengthForm::two_bytes, length_not_minimal, 4},
    LengthRow{{"SmallestInTwoBytes", "6455 §5.2", 70}, 126, LengthForm::two_bytes, none, 0},
    LengthRow{{"LargestInTwoBytes", "6455 §5.2", 70}, 65'535, LengthForm::two_bytes, none, 0},
    LengthRow{{"ZeroInEightBytes", "6455 §5.2", 70}, 0, LengthForm::eight_bytes, length_not_minimal, 8},
    LengthRow{{"ShortOneInEightBytes", "6455 §5.2", 70}, 125, LengthForm::eight_bytes, length_not_minimal, 8},
    LengthRow{{"MiddleOneInEightBytes", "6455 §5.2", 70}, 65'535, LengthForm::eight_bytes, length_not_minimal, 8},
    LengthRow{{"SmallestInEightBytes", "6455 §5.2", 70}, 65'536, LengthForm::eight_bytes, none, 0},
    LengthRow{{"TwoToThe31", "6455 §5.2, attack 2", 69}, std::uint64_t{1} << 31, LengthForm::eight_bytes, none, 0},
    LengthRow{{"TwoToThe32", "6455 §5.2, attack 2", 69}, std::uint64_t{1} << 32, LengthForm::eight_bytes, none, 0},
    LengthRow{{"TwoToThe63LessOne", "6455 §5.2, attack 1", 69}, kMost >> 1, LengthForm::eight_bytes, none, 0},
    LengthRow{
        {"TwoToThe63", "6455 §5.2, attack 1", 69}, std::uint64_t{1} << 63, LengthForm::eight_bytes, length_high_bit, 3},
    LengthRow{{"TwoToThe64LessOne", "6455 §5.2, attack 1", 69}, kMost, LengthForm::eight_bytes, length_high_bit, 3},
};

class FrameLength : public testing::TestWithParam<LengthRow> {};

TEST_P(FrameLength, IsJudgedAtTheByteThatBreaksTheRule) {
  const LengthRow& row = GetParam();
  for (const Role role : kRoles) {
    const std::string bytes = header_of(role, 0x82, row.length, row.form);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      const bool decided = row.decided_at != 0 && size >= row.decided_at;
      const Answer answer = parse(role, bytes.substr(0, size));
      EXPECT_EQ(answer.violation, decided ? row.violation : none) << size << " bytes";
      EXPECT_EQ(answer.header.size, row.violation == none && size == bytes.size() ? size : 0) << size << " bytes";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryRow, FrameLength, testing::ValuesIn(kLengthRows), RowName());

TEST(FrameHeader, EveryLengthInTwoBytesIsJudged) {  // checklist 70
  for (std::uint64_t length = 0; length <= 0xFFFF; ++length) {
    const Answer two = parse(Role::client, header_of(Role::client, 0x82, length, LengthForm::two_bytes));
    ASSERT_EQ(two.violation, length < 126 ? length_not_minimal : none) << length;
    if (two.violation == none) {
      ASSERT_EQ(two.header.payload_bytes, length);
    }
    const Answer eight = parse(Role::client, header_of(Role::client, 0x82, length, LengthForm::eight_bytes));
    ASSERT_EQ(eight.violation, length_not_minimal) << length;
  }
}

// ---- Writing

TEST(FrameHeader, WhatIsWrittenIsReadBackByAClient) {
  for (const Opcode opcode : {Opcode::text, Opcode::binary, Opcode::close, Opcode::ping, Opcode::pong}) {
    for (const std::uint64_t length : kLengths) {
      if (is_control(opcode) && length > kMaxControlBytes) continue;
      const std::string expected = header_of(Role::client, 0x80U | static_cast<unsigned>(opcode), length);
      const std::unique_ptr<std::byte[]> exact(new std::byte[expected.size()]);
      ASSERT_EQ(write_frame_header(exact.get(), opcode, length), expected.size());
      ASSERT_EQ(std::string(reinterpret_cast<const char*>(exact.get()), expected.size()), expected);
      const Answer answer = parse(Role::client, expected);
      EXPECT_EQ(answer.violation, none);
      EXPECT_EQ(answer.header.opcode, opcode);
      EXPECT_EQ(answer.header.payload_bytes, length);
    }
  }
}

TEST(FrameHeader, AServerDoesNotAcceptWhatAServerWrites) {  // checklist 66
  std::array<std::byte, 10> bytes{};
  const std::size_t size = write_frame_header(bytes.data(), Opcode::text, 5);
  EXPECT_EQ(parse(Role::server, {reinterpret_cast<const char*>(bytes.data()), size}).violation, unmasked_frame);
}

TEST(WriteMaskedFrameHeader, IsTheHeaderWithMaskBitAndKey) {  // RFC 6455 §5.2, §5.3, checklist 65, 70
  const auto key = std::bit_cast<std::uint32_t>(std::array<char, 4>{'\x37', '\xFA', '\x21', '\x3D'});
  for (const Opcode opcode : {Opcode::text, Opcode::binary, Opcode::close, Opcode::ping, Opcode::pong}) {
    for (const Coding coding : {Coding::plain, Coding::deflated}) {
      for (const std::uint64_t length : kLengths) {
        if (is_control(opcode) && (length > kMaxControlBytes || coding == Coding::deflated)) continue;
        const unsigned first = 0x80U | static_cast<unsigned>(coding) | static_cast<unsigned>(opcode);
        const std::string expected = header_of(Role::server, first, length);
        const auto exact = std::make_unique<std::byte[]>(expected.size());
        ASSERT_EQ(write_masked_frame_header(exact.get(), opcode, length, key, coding), expected.size());
        ASSERT_EQ(std::string(reinterpret_cast<const char*>(exact.get()), expected.size()), expected);
        const Answer answer = parse(Role::server, expected, {.deflate = true});
        EXPECT_EQ(answer.violation, none);
        EXPECT_EQ(answer.header.masking_key, key);
        EXPECT_EQ(answer.header.payload_bytes, length);
        EXPECT_EQ(answer.header.compressed, coding == Coding::deflated);
      }
    }
  }
}

}  // namespace
}  // namespace mote::proto
