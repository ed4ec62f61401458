#include "proto/violation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>
#include <string>
#include <string_view>

#include "proto/close_code.h"
#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using mote::test::RowName;
using mote::test::Source;

struct Row {
  Source source;
  Violation violation;
  std::uint16_t code;
  std::string_view part;     // of the text
  std::string_view section;  // at its end
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

using enum Violation;

constexpr std::array kRows = {
    Row{{"ReservedBits", "6455 §5.2", 67}, reserved_bits, 1002, "reserved bit", "5.2"},
    Row{{"CompressedBitMisplaced", "7692 §6", 98}, compressed_bit_misplaced, 1002, "RSV1", "6"},
    Row{{"UnknownOpcode", "6455 §5.2", 68}, unknown_opcode, 1002, "opcode", "5.2"},
    Row{{"UnmaskedFrame", "6455 §5.1", 65}, unmasked_frame, 1002, "not masked", "5.1"},
    Row{{"MaskedFrame", "6455 §5.1", 66}, masked_frame, 1002, "is masked", "5.1"},
    Row{{"LengthNotMinimal", "6455 §5.2", 70}, length_not_minimal, 1002, "shortest", "5.2"},
    Row{{"LengthHighBit", "6455 §5.2", 69}, length_high_bit, 1002, "highest bit", "5.2"},
    Row{{"ControlTooLong", "6455 §5.5", 76}, control_too_long, 1002, "125", "5.5"},
    Row{{"ControlFragmented", "6455 §5.5", 76}, control_fragmented, 1002, "fragmented control", "5.5"},
    Row{{"StrayContinuation", "6455 §5.4", 74}, stray_continuation, 1002, "continuation", "5.4"},
    Row{{"InterleavedMessage", "6455 §5.4", 74}, interleaved_message, 1002, "inside a fragmented", "5.4"},
    Row{{"CloseOneByte", "6455 §5.5.1", 85}, close_one_byte, 1002, "one byte", "5.5.1"},
    Row{{"CloseCode", "6455 §7.4", 85}, Violation::close_code, 1002, "code", "7.4"},
    Row{{"CloseReasonNotUtf8", "6455 §5.5.1", 85}, close_reason_not_utf8, 1007, "reason", "5.5.1"},
    Row{{"TextNotUtf8", "6455 §8.1", 80}, text_not_utf8, 1007, "text", "8.1"},
    Row{{"CompressedDataInvalid", "7692 §7.2.2", 105}, compressed_data_invalid, 1007, "DEFLATE", "7.2.2"},
    Row{{"MessageTooBig", "6455 §10.4", 83}, message_too_big, 1009, "larger", "10.4"},
    Row{{"TooManyFragments", "6455 §10.4", 83}, too_many_fragments, 1008, "fragments", "10.4"},
};

class ViolationRow : public testing::TestWithParam<Row> {};

TEST_P(ViolationRow, HasItsCodeAndItsRule) {
  const Row& row = GetParam();
  const ViolationInfo& info = info_of(row.violation);
  const std::string_view rfc = std::string_view(row.source.section).substr(0, 4);
  EXPECT_EQ(info.close_code, row.code);
  EXPECT_NE(info.text.find(row.part), std::string_view::npos) << info.text;
  EXPECT_TRUE(info.text.ends_with(std::string("(RFC ").append(rfc).append(" ").append(row.section).append(")")))
      << info.text;
  EXPECT_EQ(info.limit, row.code == 1008 || row.code == 1009);
}

TEST_P(ViolationRow, MakesACloseFrameThatAPeerAccepts) {
  const ViolationInfo& info = info_of(GetParam().violation);
  EXPECT_LE(info.text.size(), 123U);
  EXPECT_TRUE(std::all_of(info.text.begin(), info.text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; }));
  const std::string payload = close_payload(info.close_code, info.text);
  const ClosePayload close = parse_close(std::as_bytes(std::span(payload)));
  EXPECT_EQ(close.violation, none);
  EXPECT_EQ(close.reason, info.text);
}

INSTANTIATE_TEST_SUITE_P(EveryRow, ViolationRow, testing::ValuesIn(kRows), RowName());

TEST(Violation, EveryOneHasARowAndATextOfItsOwn) {
  std::set<Violation> rows;
  std::set<std::string_view> texts;
  for (const Row& row : kRows) {
    rows.insert(row.violation);
    texts.insert(info_of(row.violation).text);
  }
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(too_many_fragments));
  EXPECT_EQ(texts.size(), rows.size());
}

}  // namespace
}  // namespace mote::proto
