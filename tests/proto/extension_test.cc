#include "proto/extension.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using mote::test::ExactBlock;

// `name p=v q` of a well-formed element; else `?`.
std::string read(std::string_view element) {
  const ExactBlock block(element);
  ExtensionReader reader(block.view());
  std::string out(reader.name());
  while (const auto parameter = reader.next()) {
    out.append(" ").append(parameter->name);
    if (parameter->value) out.append("=").append(*parameter->value);
  }
  EXPECT_FALSE(reader.next().has_value()) << "goes on after its end";
  return reader.ok() ? out : "?";
}

TEST(Extension, HasANameAndParametersInTheirOrder) {  // RFC 6455 §9.1, checklist 52
  EXPECT_EQ(read("a"), "a");
  EXPECT_EQ(read("a;b"), "a b");
  EXPECT_EQ(read("a;b=c"), "a b=c");
  EXPECT_EQ(read("a; b=c; b; d=15"), "a b=c b d=15");
  EXPECT_EQ(read("!#$%&'*+-.^_`|~09AZaz;x"), "!#$%&'*+-.^_`|~09AZaz x");
}

TEST(Extension, MayHaveWhiteSpaceAroundEachPart) {  // RFC 6455 §9.1, checklist 52
  EXPECT_EQ(read("a\t ;\t b \t=\tc ;d"), "a b=c d");
  EXPECT_EQ(read("a ; b = \"c\" ; d"), "a b=c d");
}

TEST(Extension, UnquotesAValue) {  // RFC 6455 §9.1, RFC 9110 §5.6.4; checklist 29, 53
  EXPECT_EQ(read(R"(a; b="c")"), "a b=c");
  EXPECT_EQ(read(R"(a; b="\1\5"; d)"), "a b=15 d");
}

TEST(Extension, AQuotedValueThatIsNoTokenBreaksTheGrammar) {  // RFC 6455 §9.1, checklist 53
  for (const std::string_view element :
       {R"(a; b="")", R"(a; b="c d")", R"(a; b="c,d")", R"(a; b="c\"d")", R"(a; b="c)", R"(a; b="c\)", R"(a; b="c"d)",
        R"(a; b=")", R"(a; b="\")", "a; b=\"\xC3\xA9\"", "a; b=\"\\\xC3\""}) {
    EXPECT_EQ(read(element), "?") << element;
  }
}

TEST(Extension, WhatIsMissingOrTooMuchBreaksTheGrammar) {  // RFC 6455 §9.1, checklist 52
  for (const std::string_view element :
       {";", "; a", "=", "a;", "a; ", "a;;b", "a; b=", "a; b=; c", "a; =c", "a b", "a=b", "a; b c", "a; b=c d",
        "a; b=c=d", "\xC3\xA9", "a;\xC3\xA9", "a; b=\xC3"}) {
    EXPECT_EQ(read(element), "?") << element;
  }
}

}  // namespace
}  // namespace mote::proto
