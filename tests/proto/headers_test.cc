#include <gtest/gtest.h>
#include <mote/headers.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proto/ascii.h"
#include "proto/field_list.h"
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

struct ListRow {
  const char* name;
  const char* section;
  int checklist;
  std::string_view value;
  std::vector<std::string_view> elements;
};

const ListRow kListRows[] = {
    {"nothing", "9110 §5.6.1.2", 28, "", {}},
    {"one", "9110 §5.6.1.2", 28, "a", {"a"}},
    {"white space around", "9110 §5.6.1.2", 27, " \ta\t , b c ", {"a", "b c"}},
    {"empty elements", "9110 §5.6.1.2", 28, ",,a, ,\t,b,", {"a", "b"}},
    {"only empty elements", "9110 §5.6.1.2", 28, ", ,\t,", {}},
    {"comma in quotes", "9110 §5.6.4", 29, R"(a="b,c",d)", {R"(a="b,c")", "d"}},
    {"escaped quote", "9110 §5.6.4", 29, R"("a\",b",c)", {R"("a\",b")", "c"}},
    {"escaped backslash", "9110 §5.6.4", 29, R"("a\\",b)", {R"("a\\")", "b"}},
    {"backslash outside quotes", "9110 §5.6.4", 29, R"(a\,b)", {R"(a\)", "b"}},
    {"unclosed quote", "9110 §5.6.4", 29, R"(a,"b,c)", {"a", R"("b,c)"}},
    {"ends in a backslash", "9110 §5.6.4", 29, R"("a\)", {R"("a\)"}},
};

TEST(FieldList, SplitsAtCommasOutsideQuotes) {
  for (const ListRow& row : kListRows) {
    SCOPED_TRACE(row.name);
    const ExactBlock block(row.value);
    proto::FieldList list(block.view());
    std::vector<std::string_view> elements;
    while (const auto element = list.next()) elements.push_back(*element);
    EXPECT_EQ(elements, row.elements) << row.section << ", checklist " << row.checklist;
    EXPECT_EQ(list.next(), std::nullopt);
  }
}

TEST(FieldList, TakesSeveralFieldsAsOneList) {  // RFC 9110 §5.3
  const ExactBlock lines("A: a, b\r\nB: x\r\na: ,c\r\n");
  std::string seen;
  EXPECT_FALSE(proto::any_element(Headers(lines.view()), "A", [&](std::string_view element) {
    seen += element;
    return false;
  }));
  EXPECT_EQ(seen, "abc");
  EXPECT_TRUE(proto::any_element(Headers(lines.view()), "a", [&](std::string_view element) { return element == "b"; }));
}

// Attack 19, counted by the compiler: a constant expression may take about a million steps (clang) or 33 million (g++),
// and 8 KiB squared are 67 million.
template <char... kPattern>
constexpr std::size_t elements_of_8_kib() {
  constexpr char kChars[] = {kPattern...};
  std::array<char, 8192> text{};
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = kChars[i % sizeof...(kPattern)];
  proto::FieldList list(std::string_view(text.data(), text.size()));
  std::size_t count = 0;
  while (list.next()) ++count;
  return count;
}

static_assert(elements_of_8_kib<','>() == 0);
static_assert(elements_of_8_kib<' '>() == 0);
static_assert(elements_of_8_kib<'\\'>() == 1);
static_assert(elements_of_8_kib<'"'>() == 1);
static_assert(elements_of_8_kib<'"', '\\'>() == 1);
static_assert(elements_of_8_kib<' ', ','>() == 0);
static_assert(elements_of_8_kib<'a', ','>() == 4096);
static_assert(elements_of_8_kib<'"', ',', ' '>() == 1366);

TEST(Ascii, ClassesAreThoseOfTheGrammar) {  // RFC 9110 §5.6.2, §5.5; checklist 1, 26
  constexpr std::string_view kDelimiters = "\"(),/:;<=>?@[\\]{}";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool visible = i > 0x20 && i < 0x7f;
    EXPECT_EQ(proto::is(proto::kToken, c), visible && kDelimiters.find(c) == std::string_view::npos) << i;
    EXPECT_EQ(proto::is(proto::kFieldValue, c), visible || i == ' ' || i == '\t' || i >= 0x80) << i;
    EXPECT_EQ(proto::is(proto::kDigit, c), i >= '0' && i <= '9') << i;
  }
}

}  // namespace
}  // namespace mote
