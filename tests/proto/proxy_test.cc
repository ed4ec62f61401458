#include "proto/proxy.h"

#include <gtest/gtest.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using mote::test::ExactBlock;
using mote::test::RowName;
using mote::test::Source;

std::string describe(const Proxy& proxy) {
  std::string out = proxy.kind == Proxy::Kind::socks5 ? "socks5 " : "http ";
  out.append(proxy.host).append(" ").append(std::to_string(proxy.port));
  if (proxy.credentials)
    out.append(" ").append(proxy.credentials->user).append("|").append(proxy.credentials->password);
  return out;
}

struct Good {
  Source source;
  std::string text;
  std::string expected;
};

void PrintTo(const Good& row, std::ostream* out) { *out << row.source; }

std::vector<Good> good() {
  return {
      {{"Http", "9110 §9.3.6"}, "http://proxy.example", "http proxy.example 80"},
      {{"Socks", "1928 §3"}, "socks5://proxy.example", "socks5 proxy.example 1080"},
      {{"SchemeWithoutCase", "3986 §3.1"}, "SOCKS5://a:1", "socks5 a 1"},
      {{"PortAndSlash", "3986 §3.2.3"}, "http://a:3128/", "http a 3128"},
      {{"Ipv6", "3986 §3.2.2"}, "http://[::1]:3128", "http ::1 3128"},
      {{"Credentials", "3986 §3.2.1"}, "http://me:secret@a", "http a 80 me|secret"},
      {{"CredentialsForSocks", "1929 §2"}, "socks5://me:secret@[::1]:9", "socks5 ::1 9 me|secret"},
      {{"Escapes", "3986 §2.1"}, "http://m%65:%3a%40%2F%25@a", "http a 80 me|:@/%"},
      {{"ColonInThePassword", "7617 §2"}, "http://me:a:b@a", "http a 80 me|a:b"},
      {{"AtInThePassword", "3986 §3.2.1"}, "http://me:a@b@a", "http a 80 me|a@b"},
      {{"NoPassword", "7617 §2"}, "http://me@a", "http a 80 me|"},
      {{"AnyByteForSocks", "1929 §2"}, "socks5://%01:%0d%0A@a", "socks5 a 1080 \x01|\r\n"},
      {{"LongestForSocks", "1929 §2"},
       "socks5://" + std::string(255, 'u') + ":" + std::string(255, 'p') + "@a",
       "socks5 a 1080 " + std::string(255, 'u') + "|" + std::string(255, 'p')},
  };
}

class GoodProxy : public testing::TestWithParam<Good> {};

TEST_P(GoodProxy, IsTakenApart) {
  const ExactBlock block(GetParam().text);
  EXPECT_EQ(describe(parse_proxy(block.view())), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Rows, GoodProxy, testing::ValuesIn(good()), RowName());

struct Bad {
  Source source;
  std::string text;
  std::string part;  // of what is said about it
};

void PrintTo(const Bad& row, std::ostream* out) { *out << row.source; }

std::vector<Bad> bad() {
  return {
      {{"Empty", "3986 §3"}, "", "must start with http:// or socks5://"},
      {{"NoScheme", "3986 §3"}, "a:3128", "must start with"},
      {{"Https", "3986 §3"}, "https://a", "must start with"},
      {{"Socks4", "3986 §3"}, "socks4://a", "must start with"},
      {{"NoHost", "3986 §3.2.2"}, "http://", "host is missing"},
      {{"NoHostBehindTheUser", "3986 §3.2.2"}, "http://secret:secret@", "host is missing"},
      {{"Path", "3986 §3.3"}, "http://a/b", "path"},
      {{"Query", "3986 §3.4"}, "http://a?b", "query"},
      {{"Fragment", "3986 §3.5"}, "http://a#", "fragment"},
      {{"PortZero", "3986 §3.2.3"}, "http://a:0", "port must not be 0"},
      {{"PortTooLarge", "3986 §3.2.3"}, "socks5://a:65536", "port"},
      {{"PortWithoutDigits", "3986 §3.2.3"}, "socks5://a:", "port"},
      {{"Space", "3986 §2"}, "http://a b", "no name has"},
      {{"LineBreak", "3986 §2"}, "http://a\r\nX: y", "no name has"},
      {{"PercentAtTheEnd", "3986 §2.1"}, "http://secret:%@a", "begins no escape"},
      {{"PercentWithOneDigit", "3986 §2.1"}, "http://secret:%4@a", "begins no escape"},
      {{"PercentWithoutDigits", "3986 §2.1"}, "http://%zz:secret@a", "begins no escape"},
      {{"ColonInTheUser", "7617 §2"}, "http://secret%3A:secret@a", "colon"},
      {{"LineBreakInTheUser", "7617 §2"}, "http://secret%0d%0a:secret@a", "control character"},
      {{"NulInThePassword", "7617 §2"}, "http://me:secret%00@a", "control character"},
      {{"NoPasswordForSocks", "1929 §2"}, "socks5://secret@a", "1 to 255"},
      {{"EmptyUserForSocks", "1929 §2"}, "socks5://:secret@a", "1 to 255"},
      {{"LongUserForSocks", "1929 §2"}, "socks5://" + std::string(256, 's') + ":secret@a", "1 to 255"},
      {{"LongPasswordForSocks", "1929 §2"}, "socks5://me:" + std::string(256, 's') + "secret@a", "1 to 255"},
  };
}

class BadProxy : public testing::TestWithParam<Bad> {};

TEST_P(BadProxy, IsRejectedWithoutAWordOfItsCredentials) {
  const ExactBlock block(GetParam().text);
  try {
    static_cast<void>(parse_proxy(block.view()));
    ADD_FAILURE() << "accepted";
  } catch (const std::invalid_argument& error) {
    const std::string what = error.what();
    EXPECT_TRUE(what.starts_with("option proxy \"")) << what;
    EXPECT_NE(what.find(GetParam().part), std::string::npos) << what;
    EXPECT_EQ(what.find("secret"), std::string::npos) << what;
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, BadProxy, testing::ValuesIn(bad()), RowName());

TEST(Proxy, GetsTheDialogueOfItsKind) {
  constexpr ResponseLimits kLimits{.head_bytes = 1000, .header_lines = 10};
  const auto http = make_dialogue(parse_proxy("http://u:p@proxy"), "a", 80, kLimits);
  EXPECT_TRUE(http->take_output().starts_with("CONNECT a:80 HTTP/1.1\r\n"));
  const auto socks = make_dialogue(parse_proxy("socks5://u:p@proxy"), "a", 80, kLimits);
  EXPECT_TRUE(socks->take_output().starts_with("\x05\x02"));
}

}  // namespace
}  // namespace mote::proto
