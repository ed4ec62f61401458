#include "proto/close_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "core/utf8.h"
#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using namespace std::string_view_literals;
using mote::test::ExactBlock;
using mote::test::RowName;
using mote::test::Source;

struct Parsed {
  std::uint16_t code;
  std::string reason;
  Violation violation;
};

Parsed parse(std::string_view payload) {
  const ExactBlock block(payload);
  const ClosePayload close = parse_close(std::as_bytes(std::span(block.view())));
  return {close.code, std::string(close.reason), close.violation};
}

std::string payload_of(unsigned code, std::string_view reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)}.append(reason);
}

// What RFC 6455 §7.4 and the IANA registry say, code by code.
bool registered_or_private(unsigned code) {
  constexpr std::array never = {1004U, 1005U, 1006U};
  if (std::find(never.begin(), never.end(), code) != never.end()) return false;
  if (code >= 1000 && code < 1015) return true;  // 1012-1014 came later, to the registry
  return code >= 3000 && code < 5000;            // §7.4.2: for libraries, frameworks and applications
}

// Attack 12, checklist 92, 93.
TEST(CloseCode, EachOfAll65536IsJudgedAsTheRegistrySays) {
  unsigned legal = 0;
  for (unsigned code = 0; code <= 0xFFFF; ++code) {
    const bool expected = registered_or_private(code);
    legal += expected ? 1 : 0;
    ASSERT_EQ(may_be_sent(static_cast<std::uint16_t>(code)), expected) << code;
    for (const std::string_view reason : {""sv, "bye"sv}) {
      const Parsed close = parse(payload_of(code, reason));
      ASSERT_EQ(close.violation, expected ? Violation::none : Violation::close_code) << code;
      ASSERT_EQ(close.code, code);
      ASSERT_EQ(close.reason, reason);
    }
  }
  EXPECT_EQ(legal, 2012U);
}

struct Row {
  Source source;
  std::string_view payload;
  std::uint16_t code;
  std::string_view reason;
  Violation violation;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

constexpr std::array kRows = {
    Row{{"Empty", "6455 §5.5.1", 85}, ""sv, 1005, "", Violation::none},
    Row{{"OneByte", "6455 §5.5.1", 85}, "\x03"sv, 1005, "", Violation::close_one_byte},
    Row{{"CodeAlone", "6455 §5.5.1", 85}, "\x03\xE8"sv, 1000, "", Violation::none},
    Row{{"CodeAndReason", "6455 §5.5.1", 85}, "\x03\xE9going"sv, 1001, "going", Violation::none},
    Row{{"ReasonMayContainNul", "6455 §5.5.1", 85},
        "\x03\xE8"
        "a\0b"sv,
        1000,
        "a\0b"sv,
        Violation::none},
    Row{{"ReasonOfSeveralBytesACharacter", "6455 §8.1", 85},
        "\x0F\xA0\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"sv,
        4000,
        "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"sv,
        Violation::none},
    Row{{"ReasonThatIsNotUtf8", "6455 §8.1", 85}, "\x03\xE8\xFF"sv, 1000, "\xFF"sv, Violation::close_reason_not_utf8},
    Row{{"ReasonCutInsideACharacter", "6455 §8.1", 85},
        "\x03\xE8"
        "ab\xE2\x82"sv,
        1000,
        "ab\xE2\x82"sv,
        Violation::close_reason_not_utf8},
    Row{{"ReasonWithASurrogate", "3629 §3", 85},
        "\x03\xE8\xED\xA0\x80"sv,
        1000,
        "\xED\xA0\x80"sv,
        Violation::close_reason_not_utf8},
    Row{{"TheCodeComesBeforeTheReason", "6455 §7.4", 85}, "\x03\xEE\xFF"sv, 1006, "\xFF"sv, Violation::close_code},
};

class ClosePayloadRow : public testing::TestWithParam<Row> {};

TEST_P(ClosePayloadRow, IsParsed) {
  const Row& row = GetParam();
  const Parsed close = parse(row.payload);
  EXPECT_EQ(close.code, row.code);
  EXPECT_EQ(close.reason, row.reason);
  EXPECT_EQ(close.violation, row.violation);
}

INSTANTIATE_TEST_SUITE_P(EveryRow, ClosePayloadRow, testing::ValuesIn(kRows), RowName());

TEST(ClosePayload, TheReasonMayFillTheFrame) {
  const std::string longest(123, 'x');
  EXPECT_EQ(parse(payload_of(1000, longest)).reason, longest);
  EXPECT_EQ(parse(payload_of(1000, longest.substr(0, 122) + "\xFF")).violation, Violation::close_reason_not_utf8);
}

TEST(ClosePayload, IsReadBackAsItWasWritten) {  // checklist 85
  for (unsigned code = 0; code <= 0xFFFF; ++code) {
    if (!may_be_sent(static_cast<std::uint16_t>(code))) continue;
    const Parsed close = parse(close_payload(static_cast<std::uint16_t>(code), "reason"));
    ASSERT_EQ(close.code, code);
    ASSERT_EQ(close.reason, "reason");
    ASSERT_EQ(close.violation, Violation::none);
  }
}

TEST(ClosePayload, IsEmptyForNoCode) {  // checklist 92
  EXPECT_EQ(close_payload(close_code::no_status, ""), "");
  EXPECT_EQ(close_payload(close_code::no_status, "a reason cannot go without a code"), "");
}

// Each reason is as many times one character as is asked for: the cut is at the last end that fits.
TEST(ClosePayload, CutsALongReasonAtTheEndOfACharacter) {
  for (const std::string_view character : {"a"sv, "\xC3\xA9"sv, "\xE2\x82\xAC"sv, "\xF0\x9F\x98\x80"sv}) {
    for (std::size_t ascii = 0; ascii < 4; ++ascii) {
      std::string reason(ascii, '.');
      for (int count = 0; count < 200; ++count) {
        const ExactBlock exact(reason);
        const std::string payload = close_payload(1000, exact.view());
        const std::size_t fits = std::min(reason.size(), ascii + (123 - ascii) / character.size() * character.size());
        ASSERT_EQ(payload.substr(2), reason.substr(0, fits)) << reason.size();
        ASSERT_LE(payload.size(), 125U);
        reason += character;
      }
    }
  }
}

// It must be UTF-8; where it is not, nothing worse happens than a cut in an odd place.
TEST(ClosePayload, AReasonOfContinuationBytesAloneIsCutToNothing) {
  const ExactBlock reason(std::string(200, '\x80'));
  EXPECT_EQ(close_payload(1000, reason.view()), payload_of(1000));
}

}  // namespace
}  // namespace mote::proto
