#include "proto/field_list.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using mote::test::ExactBlock;
using mote::test::RowName;
using mote::test::Source;

struct ListRow {
  Source source;
  std::string_view value;
  std::vector<std::string_view> elements;
};

void PrintTo(const ListRow& row, std::ostream* out) { *out << row.source; }

const ListRow kListRows[] = {
    {{"Nothing", "9110 §5.6.1.2", 28}, "", {}},
    {{"One", "9110 §5.6.1.2", 28}, "a", {"a"}},
    {{"WhiteSpaceAround", "9110 §5.6.1.2", 27}, " \ta\t , b c ", {"a", "b c"}},
    {{"EmptyElements", "9110 §5.6.1.2", 28}, ",,a, ,\t,b,", {"a", "b"}},
    {{"OnlyEmptyElements", "9110 §5.6.1.2", 28}, ", ,\t,", {}},
    {{"CommaInQuotes", "9110 §5.6.4", 29}, R"(a="b,c",d)", {R"(a="b,c")", "d"}},
    {{"EscapedQuote", "9110 §5.6.4", 29}, R"("a\",b",c)", {R"("a\",b")", "c"}},
    {{"EscapedBackslash", "9110 §5.6.4", 29}, R"("a\\",b)", {R"("a\\")", "b"}},
    {{"BackslashOutsideQuotes", "9110 §5.6.4", 29}, R"(a\,b)", {R"(a\)", "b"}},
    {{"UnclosedQuote", "9110 §5.6.4", 29}, R"(a,"b,c)", {"a", R"("b,c)"}},
    {{"EndsInABackslash", "9110 §5.6.4", 29}, R"("a\)", {R"("a\)"}},
};

class FieldListRow : public testing::TestWithParam<ListRow> {};

TEST_P(FieldListRow, IsSplitAtCommasOutsideQuotes) {
  const ListRow& row = GetParam();
  const ExactBlock block(row.value);
  FieldList list(block.view());
  std::vector<std::string_view> elements;
  while (const auto element = list.next()) elements.push_back(*element);
  EXPECT_EQ(elements, row.elements);
  EXPECT_EQ(list.next(), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(EveryRow, FieldListRow, testing::ValuesIn(kListRows), RowName());

TEST(FieldList, TakesSeveralFieldsAsOneList) {  // RFC 9110 §5.3
  const ExactBlock lines("A: a, b\r\nB: x\r\na: ,c\r\n");
  std::string seen;
  EXPECT_FALSE(any_element(Headers(lines.view()), "A", [&](std::string_view element) {
    seen += element;
    return false;
  }));
  EXPECT_EQ(seen, "abc");
  EXPECT_TRUE(any_element(Headers(lines.view()), "a", [&](std::string_view element) { return element == "b"; }));
}

// Counted by the compiler: a constant expression may take about a million steps (clang) or 33 million (g++),
// and 8 KiB squared are 67 million.
template <char... kPattern>
constexpr std::size_t elements_of_8_kib() {
  constexpr char kChars[] = {kPattern...};
  std::array<char, 8192> text{};
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = kChars[i % sizeof...(kPattern)];
  FieldList list(std::string_view(text.data(), text.size()));
  std::size_t count = 0;
  while (list.next()) ++count;
  return count;
}

TEST(FieldList, TakesLinearTime) {  // attack 19
  static_assert(elements_of_8_kib<','>() == 0);
  static_assert(elements_of_8_kib<' '>() == 0);
  static_assert(elements_of_8_kib<'\\'>() == 1);
  static_assert(elements_of_8_kib<'"'>() == 1);
  static_assert(elements_of_8_kib<'"', '\\'>() == 1);
  static_assert(elements_of_8_kib<' ', ','>() == 0);
  static_assert(elements_of_8_kib<'a', ','>() == 4096);
  static_assert(elements_of_8_kib<'"', ',', ' '>() == 1366);
}

}  // namespace
}  // namespace mote::proto
