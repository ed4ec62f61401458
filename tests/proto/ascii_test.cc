#include "proto/ascii.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace mote::proto {
namespace {

TEST(Ascii, ClassesAreThoseOfTheGrammar) {  // RFC 9110 §5.6.2, §5.5; checklist 1, 26
  constexpr std::string_view kDelimiters = "\"(),/:;<=>?@[\\]{}";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool visible = i > 0x20 && i < 0x7f;
    EXPECT_EQ(is(kToken, c), visible && kDelimiters.find(c) == std::string_view::npos) << i;
    EXPECT_EQ(is(kFieldValue, c), visible || i == ' ' || i == '\t' || i >= 0x80) << i;
    EXPECT_EQ(is(kDigit, c), i >= '0' && i <= '9') << i;
  }
}

TEST(Ascii, ComparesWithoutTheCaseOfAsciiLettersAlone) {  // RFC 9110 §5.1, checklist 24
  EXPECT_TRUE(equals_ignoring_case("aZ-9", "Az-9"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));  // 0x20 apart, as letters are
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("\xc0", "\xe0"));
}

TEST(Ascii, ComparesUpperCaseWithLowerCase) {
  EXPECT_TRUE(equals_ignoring_case("Sec-WebSocket-Key", "Sec-WebSocket-Key"));
  EXPECT_TRUE(equals_ignoring_case("sec-websocket-key", "SEC-WEBSOCKET-KEY"));
  EXPECT_FALSE(equals_ignoring_case("Sec-WebSocket-Key", "Sec-WebSocket-Kez"));
}

TEST(Ascii, AFieldValueEndsAtItsFirstOtherOctetWhereverThatIs) {
  constexpr std::size_t kLongest = 40;
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    for (const char around : {'a', ' ', '\t', '~', '\x80', '\xff'}) {
      for (std::size_t at = 0; at < kLongest; ++at) {
        std::string text(kLongest, around);
        text[at] = c;
        const std::size_t end = is(kFieldValue, c) ? kLongest : at;
        ASSERT_EQ(field_value_length(text, 0), end) << i << " at " << at << " among " << int{around};
        ASSERT_EQ(field_value_length(text, at), end - at);
        ASSERT_EQ(field_value_length(std::string_view(text).substr(0, at), 0), at);
      }
    }
  }
}

TEST(Ascii, TrimsOptionalWhiteSpace) {  // RFC 9110 §5.6.3, checklist 27
  EXPECT_EQ(trim_ows(" \t a b\t "), "a b");
  EXPECT_EQ(trim_ows("\v"), "\v");
  EXPECT_EQ(trim_ows(" \t"), "");
}

}  // namespace
}  // namespace mote::proto
