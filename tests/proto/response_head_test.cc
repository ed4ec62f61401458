#include "proto/response_head.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

#include "tests/support/feed.h"
#include "tests/support/head_outcome.h"

namespace mote::proto {
namespace {

using namespace std::string_view_literals;
using mote::test::ExactBlock;
using mote::test::RowName;
using mote::test::Source;
using enum ResponseFault;

constexpr ResponseLimits kLimits{.head_bytes = 4096, .header_lines = 100};

std::string describe(const ResponseHead& head) {
  std::string out = std::to_string(head.status());
  out.append(" \"").append(head.reason()).append("\"");
  if (head.is_http_1_0()) out.append(" 1.0");
  if (head.is_interim()) out.append(" interim");
  if (head.connection_upgrade()) out.append(" upgrade");
  for (const Header& field : head.headers()) out.append(" ").append(field.name).append("=").append(field.value);
  return out;
}

struct Texts {
  using Head = ResponseHead;
  static std::string complete(const Head& head) { return describe(head); }
  static std::string refused(const Head& head) { return std::string(info_of(head.fault()).text); }
};

// The outcome of every feeding, alone and with bytes behind it.
void expect_outcome(std::string_view stream, std::string_view expected, const ResponseLimits& limits = kLimits) {
  mote::test::expect_head_outcome<Texts>(stream, expected, "\x81\x05\r\n\r\nHTTP/1.1 200 OK\r\n\0\n"sv, limits);
}

struct Accepted {
  Source source;
  std::string_view stream;
  std::string_view expected;  // describe()
};

void PrintTo(const Accepted& row, std::ostream* out) { *out << row.source; }

constexpr Accepted kAccepted[] = {
    {{"SwitchingProtocols", "6455 §4.2.2"},
     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
     "101 \"Switching Protocols\" upgrade Upgrade=websocket Connection=Upgrade"},
    {{"NoFields", "9112 §5"}, "HTTP/1.1 404 Not Found\r\n\r\n", "404 \"Not Found\""},
    {{"NoReason", "9112 §4"}, "HTTP/1.1 200 \r\n\r\n", "200 \"\""},
    {{"AnyReason", "9112 §4"}, "HTTP/1.1 200  \t\xc3\xa9: 1 \r\n\r\n", "200 \" \t\xc3\xa9: 1 \""},
    {{"Http10", "9112 §2.3"}, "HTTP/1.0 200 OK\r\n\r\n", "200 \"OK\" 1.0"},
    {{"HigherMinorVersion", "9112 §2.3"}, "HTTP/1.9 200 OK\r\n\r\n", "200 \"OK\""},
    {{"Continue", "9110 §15.2"}, "HTTP/1.1 100 Continue\r\n\r\n", "100 \"Continue\" interim"},
    {{"EarlyHints", "9110 §15.2"}, "HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n", "103 \"X\" interim Link=</a>"},
    {{"LastInterimStatus", "9110 §15.2"}, "HTTP/1.1 199 X\r\n\r\n", "199 \"X\" interim"},
    {{"StatusThatNoClassHas", "9110 §15"}, "HTTP/1.1 999 X\r\n\r\n", "999 \"X\""},
    {{"ConnectionInTwoFields", "9110 §5.3", 25},
     "HTTP/1.1 101 X\r\nconnection: ,keep-alive ,\r\ncoNNection: upGrade\r\n\r\n",
     "101 \"X\" upgrade connection=,keep-alive , coNNection=upGrade"},
    {{"PartOfAConnectionOption", "9110 §7.6.1"},
     "HTTP/1.1 101 X\r\nConnection: upgrade2, \"upgrade\"\r\n\r\n",
     "101 \"X\" Connection=upgrade2, \"upgrade\""},
    {{"WhiteSpaceAroundValues", "9110 §5.5", 27}, "HTTP/1.1 200 X\r\nA: \t b c \t\r\nD:\r\n\r\n", "200 \"X\" A=b c D="},
};

class ResponseHeadAccepts : public testing::TestWithParam<Accepted> {};

TEST_P(ResponseHeadAccepts, InEveryFeeding) {
  const std::string_view stream = GetParam().stream;
  expect_outcome(stream, std::to_string(stream.size()).append(" ").append(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(Rows, ResponseHeadAccepts, testing::ValuesIn(kAccepted), RowName());

// `stream` ends with the byte that decides.
struct Refused {
  Source source;
  std::string_view stream;
  ResponseFault fault;
};

void PrintTo(const Refused& row, std::ostream* out) { *out << row.source; }

constexpr Refused kRefused[] = {
    {{"OtherProtocol", "9112 §4"}, "S", malformed_status_line},
    {{"VersionInLowerCase", "9112 §2.3"}, "h", malformed_status_line},
    {{"EmptyLineBefore", "9112 §2.2"}, "\r", malformed_status_line},
    {{"NoMinorVersion", "9112 §2.3"}, "HTTP/1 ", malformed_status_line},
    {{"MajorVersionIsNoDigit", "9112 §2.3"}, "HTTP/x", malformed_status_line},
    {{"Http2", "9112 §2.3"}, "HTTP/2", unsupported_http_version},
    {{"Http0", "9112 §2.3"}, "HTTP/0", unsupported_http_version},
    {{"TwoDigitsOfMinorVersion", "9112 §2.3"}, "HTTP/1.10", malformed_status_line},
    {{"TwoSpacesBeforeTheStatus", "9112 §4"}, "HTTP/1.1  ", malformed_status_line},
    {{"StatusBelow100", "9110 §15"}, "HTTP/1.1 0", malformed_status_line},
    {{"StatusOfTwoDigits", "9112 §4"}, "HTTP/1.1 20 ", malformed_status_line},
    {{"StatusOfFourDigits", "9112 §4"}, "HTTP/1.1 2000", malformed_status_line},
    {{"StatusWithSign", "9112 §4"}, "HTTP/1.1 +", malformed_status_line},
    {{"NoSpaceBehindTheStatus", "9112 §4"}, "HTTP/1.1 200\r", malformed_status_line},
    {{"ControlCharacterInTheReason", "9112 §4"}, "HTTP/1.1 200 O\x01"sv, malformed_status_line},
    {{"NulInTheReason", "9112 §4"}, "HTTP/1.1 200 O\0"sv, malformed_status_line},
    {{"StatusLineWithBareLineFeed", "9112 §2.2", 1}, "HTTP/1.1 200 OK\n", bare_line_feed},
    {{"StatusLineWithBareCarriageReturn", "9112 §2.2", 2}, "HTTP/1.1 200 OK\rX", bare_carriage_return},
    {{"SpaceBeforeTheFirstField", "9112 §2.2"}, "HTTP/1.1 200 OK\r\n ", space_before_first_field},
    {{"FoldedLine", "9112 §5.2"}, "HTTP/1.1 200 OK\r\nA: b\r\n\t", folded_line},
    {{"SpaceBeforeTheColon", "9112 §5.1"}, "HTTP/1.1 200 OK\r\nA ", malformed_field_name},
    {{"NoName", "9112 §5.1"}, "HTTP/1.1 200 OK\r\n:", malformed_field_name},
    {{"NoColon", "9112 §5.1"}, "HTTP/1.1 200 OK\r\nA\r", malformed_field_name},
    {{"NulInAValue", "9110 §5.5"}, "HTTP/1.1 200 OK\r\nA: \0"sv, control_character_in_value},
    {{"ValueWithBareLineFeed", "9112 §2.2", 1}, "HTTP/1.1 200 OK\r\nA: b\n", bare_line_feed},
    {{"ValueWithBareCarriageReturn", "9112 §2.2", 2}, "HTTP/1.1 200 OK\r\nA: b\r\r", bare_carriage_return},
    {{"LastLineWithBareLineFeed", "9112 §2.2", 1}, "HTTP/1.1 200 OK\r\nA: b\r\n\n", bare_line_feed},
    {{"LastLineWithBareCarriageReturn", "9112 §2.2", 2}, "HTTP/1.1 200 OK\r\nA: b\r\n\rX", bare_carriage_return},
};

class ResponseHeadRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ResponseHeadRefuses, AtTheByteThatDecides) {
  expect_outcome(GetParam().stream, info_of(GetParam().fault).text);
  EXPECT_FALSE(info_of(GetParam().fault).limit);
}

INSTANTIATE_TEST_SUITE_P(Rows, ResponseHeadRefuses, testing::ValuesIn(kRefused), RowName());

TEST(ResponseHead, EveryByteInTheStatusLineIsJudged) {  // RFC 9112 §4
  const std::string line = "HTTP/1.1 200 ";
  for (std::size_t at = 0; at < line.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = line + "\r\n\r\n";
      changed[at] = static_cast<char>(byte);
      ResponseHead head;
      const bool digit = byte >= '0' && byte <= '9';
      const bool free = at == 7 || at == 10 || at == 11 ? digit : at == 9 && digit && byte != '0';
      const bool accepted = free || changed[at] == line[at];
      EXPECT_EQ(head.parse(changed, kLimits), accepted ? HeadProgress::complete : HeadProgress::refused)
          << at << ' ' << byte;
    }
  }
}

TEST(ResponseHead, HasAsManyBytesAsTheLimitSays) {
  const std::string_view stream = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
  expect_outcome(stream, "25 200 \"OK\" A=b", {.head_bytes = stream.size(), .header_lines = 1});
  expect_outcome(stream.substr(0, stream.size() - 1), info_of(head_too_large).text,
                 {.head_bytes = stream.size() - 1, .header_lines = 1});
  EXPECT_TRUE(info_of(head_too_large).limit);
}

TEST(ResponseHead, HasAsManyLinesAsTheLimitSays) {
  expect_outcome("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n", "31 200 \"OK\" A=b C=d",
                 {.head_bytes = 4096, .header_lines = 2});
  expect_outcome("HTTP/1.1 200 OK\r\nA: b\r\nC", info_of(too_many_header_lines).text,
                 {.head_bytes = 4096, .header_lines = 1});
  EXPECT_TRUE(info_of(too_many_header_lines).limit);
}

TEST(ResponseHead, InterimResponsesAreReadOneAfterAnother) {  // RFC 9110 §15.2
  std::string_view stream = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 101 X\r\n\r\n\x81";
  std::string seen;
  ResponseHead head;
  for (; head.parse(stream, kLimits) == HeadProgress::complete && head.is_interim(); head = {}) {
    seen.append(head.reason()).append(" ");
    stream.remove_prefix(head.size());
  }
  EXPECT_EQ(seen, "Continue Hints ");
  EXPECT_EQ(head.status(), 101);
  EXPECT_EQ(stream.substr(head.size()), "\x81");
}

TEST(ResponseHead, ViewsFollowTheHeadWhereItIsCopied) {
  const std::string stream = "HTTP/1.1 401 Who?\r\nConnection: upgrade\r\n\r\n";
  ResponseHead head;
  std::string kept;
  {
    const ExactBlock block(stream);
    ASSERT_EQ(head.parse(block.view(), kLimits), HeadProgress::complete);
    kept = block.view().substr(0, head.size());
  }
  head.rebase(kept.data());
  EXPECT_EQ(head.reason(), "Who?");
  EXPECT_TRUE(head.connection_upgrade());
  EXPECT_EQ(head.headers()["Connection"].data(), kept.data() + 31);
}

}  // namespace
}  // namespace mote::proto
