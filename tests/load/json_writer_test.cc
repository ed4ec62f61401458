#include "load/json_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "load/escape.h"

namespace mote::load {
namespace {

TEST(JsonWriter, WritesMembersALineEach) {
  JsonWriter json;
  json.begin_object();
  json.member("a", 1);
  json.member("b", "text");
  json.key("c");
  json.begin_object();
  json.member("yes", true);
  json.key("none");
  json.null();
  json.end();
  json.key("d");
  json.begin_array();
  json.value(1.5);
  json.begin_array();
  json.value(std::uint64_t{18446744073709551615U});
  json.value(-7);
  json.end();
  json.begin_object();
  json.end();
  json.end();
  json.end();
  EXPECT_EQ(json.text(), R"({
  "a": 1,
  "b": "text",
  "c": {
    "yes": true,
    "none": null
  },
  "d": [1.5, [18446744073709551615, -7], {}]
}
)");
}

TEST(JsonWriter, HasNoWordForWhatIsNoNumber) {
  JsonWriter json;
  json.begin_array();
  json.value(std::numeric_limits<double>::infinity());
  json.value(std::numeric_limits<double>::quiet_NaN());
  json.value(1e300);
  json.end();
  EXPECT_EQ(json.text(), "[null, null, 1e+300]\n");
}

TEST(Escape, JsonStringsHaveNoControlCharactersAndNoBareQuotes) {
  EXPECT_EQ(json_escaped("a\"b\\c\n\x01\x7F"), "a\\\"b\\\\c\\n\\u0001\\u007f");
  EXPECT_EQ(json_escaped(std::string_view("\0", 1)), "\\u0000");
  EXPECT_EQ(json_escaped("ä€😀"), "ä€😀");
}

TEST(Escape, HtmlHasNoMarkupOfThePeers) {
  EXPECT_EQ(html_escaped("<b a=\"1\">&'\n"), "&lt;b a=&quot;1&quot;&gt;&amp;'\xEF\xBF\xBD");
}

TEST(Escape, WhatIsNoUtf8IsReplaced) {
  for (const std::string_view ill : {"\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC0\x80", "\xE0\x80\x80",
                                     "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xF8\x88\x80\x80\x80"}) {
    const std::string text = json_escaped(std::string("a").append(ill).append("z"));
    EXPECT_EQ(text.front(), 'a');
    EXPECT_EQ(text.back(), 'z');
    EXPECT_EQ(text.substr(1, 3), "\xEF\xBF\xBD");
    EXPECT_EQ(text.find(ill), std::string::npos);
  }
}

}  // namespace
}  // namespace mote::load
