#include "proto/ascii.h"

#include <gtest/gtest.h>

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

TEST(Ascii, TrimsOptionalWhiteSpace) {  // RFC 9110 §5.6.3, checklist 27
  EXPECT_EQ(trim_ows(" \t a b\t "), "a b");
  EXPECT_EQ(trim_ows("\v"), "\v");
  EXPECT_EQ(trim_ows(" \t"), "");
}

}  // namespace
}  // namespace mote::proto
