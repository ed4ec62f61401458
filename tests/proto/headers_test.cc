#include <gtest/gtest.h>
#include <mote/headers.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/feed.h"

namespace mote {
namespace {

using test::ExactBlock;

// "name=value" of each, one a line.
template <class Range>
std::string listed(const Range& range) {
  std::string out;
  for (const auto& item : range) out.append(item.name).append("=").append(item.value).append("\n");
  return out;
}

TEST(Headers, KeepsOrderAndDuplicates) {  // RFC 9110 §5.3
  const ExactBlock lines("B: 1\r\nA: 2\r\nb: 3\r\n");
  const Headers headers(lines.view());
  EXPECT_EQ(listed(headers), "B=1\nA=2\nb=3\n");
  EXPECT_EQ(headers.size(), 3U);
  EXPECT_EQ(headers.count("b"), 2U);
  EXPECT_EQ(headers.count("c"), 0U);
}

TEST(Headers, ComparesNamesWithoutCase) {  // RFC 9110 §5.1, checklist 24
  const ExactBlock lines("hOsT: example.org\r\n");
  const Headers headers(lines.view());
  EXPECT_EQ(headers["HOST"], "example.org");
  EXPECT_EQ(headers.find("Host"), "example.org");
  EXPECT_EQ(headers.find("Hos"), std::nullopt);
  EXPECT_EQ(headers["H\xcfST"], "");  // letters of ASCII alone have a case
  EXPECT_EQ(headers.begin()->name, "hOsT");
}

TEST(Headers, DoesNotTakeAnUnderscoreForAHyphen) {  // attack 21: Puma CVE-2024-45614
  const ExactBlock lines("Content_Length: 1\r\n");
  EXPECT_EQ(Headers(lines.view()).count("Content-Length"), 0U);
}

TEST(Headers, TrimsWhiteSpaceAroundAValueOnly) {  // RFC 9110 §5.5, checklist 27
  const ExactBlock lines("A: \t x  y\t \r\nB:z\r\nC:\r\nD: \t\r\nE:: :\r\n");
  EXPECT_EQ(listed(Headers(lines.view())), "A=x  y\nB=z\nC=\nD=\nE=: :\n");
}

TEST(Headers, HasNothingInNoLines) {
  EXPECT_TRUE(Headers().empty());
  EXPECT_EQ(Headers().begin(), Headers().end());
  const Headers empty{std::string_view("")};
  EXPECT_EQ(empty.begin(), empty.end());
  EXPECT_EQ(empty.size(), 0U);
}

TEST(Headers, StaysInsideLinesThatBreakItsPrecondition) {
  for (const std::string_view text : {"A", "A:", "A: b", "A: b\r", ":", "\r", "\r\n", "A\r\nB: c\r\n"}) {
    const ExactBlock lines(text);
    const Headers headers(lines.view());
    EXPECT_LE(headers.size(), 2U) << text;
  }
}

TEST(Headers, IteratorReturnsTheFieldBeforeAPostfixIncrement) {
  const ExactBlock lines("A: 1\r\nB: 2\r\n");
  auto field = Headers(lines.view()).begin();
  EXPECT_EQ((field++)->name, "A");
  EXPECT_EQ(field->name, "B");
}

struct CookieRow {
  const char* name;
  std::string_view lines;
  std::string_view cookies;
};

constexpr CookieRow kCookieRows[] = {
    {"no Cookie field", "A: b=c\r\n", ""},
    {"one pair", "Cookie: a=b\r\n", "a=b\n"},
    {"several pairs", "Cookie: a=b; c=d;e=f\r\n", "a=b\nc=d\ne=f\n"},
    {"several fields", "Cookie: a=b\r\nX: y\r\ncookie: c=d\r\n", "a=b\nc=d\n"},
    {"a value with equals signs", "Cookie: a==b=\r\n", "a==b=\n"},
    {"an empty value", "Cookie: a=; b=\r\n", "a=\nb=\n"},
    {"quotes stay", "Cookie: a=\"b\"\r\n", "a=\"b\"\n"},
    {"a piece without equals sign is skipped", "Cookie: a; b=c; d\r\n", "b=c\n"},
    {"an empty name is skipped", "Cookie: =a; b=c; =\r\n", "b=c\n"},
    {"nothing but separators", "Cookie: ;; ; \t;\r\n", ""},
    {"an empty field between two", "Cookie: a=b\r\nCookie:\r\nCookie: c=d\r\n", "a=b\nc=d\n"},
    {"white space around both", "Cookie: \ta = b ;c=d \r\n", "a=b\nc=d\n"},
    {"the same name twice", "Cookie: a=1; a=2\r\n", "a=1\na=2\n"},
};

TEST(Cookies, WalksEveryCookieField) {  // RFC 6265 §5.4
  for (const CookieRow& row : kCookieRows) {
    SCOPED_TRACE(row.name);
    const ExactBlock lines(row.lines);
    const Cookies cookies{Headers(lines.view())};
    EXPECT_EQ(listed(cookies), row.cookies);
    EXPECT_EQ(cookies.empty(), row.cookies.empty());
    EXPECT_EQ(cookies.size(), static_cast<std::size_t>(std::count(row.cookies.begin(), row.cookies.end(), '\n')));
  }
}

TEST(Cookies, FindsTheFirstOfAName) {
  const ExactBlock lines("Cookie: a=1; A=2; a=3\r\n");
  const Cookies cookies{Headers(lines.view())};
  EXPECT_EQ(cookies["a"], "1");
  EXPECT_EQ(cookies["A"], "2");  // with case
  EXPECT_EQ(cookies.find("b"), std::nullopt);
  EXPECT_TRUE(Cookies().empty());
}

TEST(Cookies, AnIteratorStepsInBothForms) {
  const ExactBlock lines("Cookie: a=1; b=2\r\n");
  const Cookies cookies{Headers(lines.view())};
  auto at = cookies.begin();
  EXPECT_EQ((at++)->name, "a");
  EXPECT_EQ(at->name, "b");
  EXPECT_EQ(++at, cookies.end());
}

}  // namespace
}  // namespace mote
