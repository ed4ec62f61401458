#include "load/escape.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace mote::load {
namespace {

TEST(Escape, HtmlHasNoMarkupOfThePeers) {
  EXPECT_EQ(html_escaped("<b a=\"1\">&'\n"), "&lt;b a=&quot;1&quot;&gt;&amp;'\xEF\xBF\xBD");
}

TEST(Escape, WhatIsNoUtf8IsReplaced) {
  for (const std::string_view ill : {"\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC0\x80", "\xE0\x80\x80",
                                     "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xF8\x88\x80\x80\x80"}) {
    const std::string text = html_escaped(std::string("a").append(ill).append("z"));
    EXPECT_EQ(text.front(), 'a');
    EXPECT_EQ(text.back(), 'z');
    EXPECT_EQ(text.substr(1, 3), "\xEF\xBF\xBD");
    EXPECT_EQ(text.find(ill), std::string::npos);
  }
}

}  // namespace
}  // namespace mote::load
