#include "proto/url.h"

#include <gtest/gtest.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using namespace std::string_view_literals;
using mote::test::ExactBlock;
using mote::test::RowName;
using mote::test::Source;

struct Good {
  Source source;
  std::string_view text;
  std::string_view host;
  std::uint16_t port;
  std::string_view target;
  std::string_view host_field;
  Scheme scheme = Scheme::ws;
};

void PrintTo(const Good& row, std::ostream* out) { *out << row.source; }

constexpr Good kGood[] = {
    {{"Shortest", "6455 §3"}, "ws://a", "a", 80, "/", "a"},
    {{"Tls", "6455 §3"}, "wss://a", "a", 443, "/", "a", Scheme::wss},
    {{"SchemeWithoutCase", "6455 §3"}, "WsS://Example.ORG/", "Example.ORG", 443, "/", "Example.ORG", Scheme::wss},
    {{"Port", "6455 §3"}, "ws://a:8080/b", "a", 8080, "/b", "a:8080"},
    {{"DefaultPort", "9110 §7.2"}, "ws://a:80/b", "a", 80, "/b", "a"},
    {{"DefaultPortOfTls", "9110 §7.2"}, "wss://a:443/b", "a", 443, "/b", "a", Scheme::wss},
    {{"PortOfTheOtherScheme", "9110 §7.2"}, "wss://a:80/b", "a", 80, "/b", "a:80", Scheme::wss},
    {{"LargestPort", "6455 §3"}, "ws://a:65535", "a", 65535, "/", "a:65535"},
    {{"PathAndQuery", "6455 §3"}, "ws://a/b/c?d=e?f/@:", "a", 80, "/b/c?d=e?f/@:", "a"},
    {{"QueryWithoutPath", "6455 §3"}, "ws://a?b=c/d", "a", 80, "/?b=c/d", "a"},
    {{"EmptyQuery", "6455 §3"}, "ws://a/?", "a", 80, "/?", "a"},
    {{"TwoSlashes", "6455 §3"}, "ws://a//b", "a", 80, "//b", "a"},
    {{"Escapes", "3986 §2.1"}, "ws://a/%23%20%C3%A9", "a", 80, "/%23%20%C3%A9", "a"},
    {{"WhatBrowsersLeaveUnescaped", "WHATWG URL"}, "ws://a/?{|}^`\\[]'%", "a", 80, "/?{|}^`\\[]'%", "a"},
    {{"Ipv4", "3986 §3.2.2"}, "ws://127.0.0.1:1/", "127.0.0.1", 1, "/", "127.0.0.1:1"},
    {{"Ipv6", "3986 §3.2.2"}, "ws://[2001:db8::1]/x", "2001:db8::1", 80, "/x", "[2001:db8::1]"},
    {{"Ipv6WithPort", "3986 §3.2.2"}, "wss://[::1]:9001", "::1", 9001, "/", "[::1]:9001", Scheme::wss},
    {{"Ipv6WithZone", "6874 §1"}, "ws://[fe80::1%eth0]:81", "fe80::1%eth0", 81, "/", "[fe80::1]:81"},
    {{"Underscore", "3986 §3.2.2"}, "ws://a_b", "a_b", 80, "/", "a_b"},
};

class GoodUrl : public testing::TestWithParam<Good> {};

TEST_P(GoodUrl, IsTakenApart) {
  const Good& row = GetParam();
  const ExactBlock block(row.text);
  const Url url = parse_url(block.view());
  EXPECT_EQ(url.scheme, row.scheme);
  EXPECT_EQ(url.host, row.host);
  EXPECT_EQ(url.port, row.port);
  EXPECT_EQ(url.target, row.target);
  EXPECT_EQ(url.host_field, row.host_field);
  EXPECT_EQ(url.socket_file, "");
}

INSTANTIATE_TEST_SUITE_P(Rows, GoodUrl, testing::ValuesIn(kGood), RowName());

struct Bad {
  Source source;
  std::string_view text;
  std::string_view part;  // of what is said about it
};

void PrintTo(const Bad& row, std::ostream* out) { *out << row.source; }

constexpr Bad kBad[] = {
    {{"Empty", "6455 §3"}, "", "must start with"},
    {{"NoScheme", "6455 §3"}, "a", "must start with"},
    {{"Http", "6455 §3"}, "http://a", "must start with"},
    {{"OneSlash", "6455 §3"}, "ws:/a", "must start with"},
    {{"SpaceBefore", "6455 §3"}, " ws://a", "must start with"},
    {{"Fragment", "6455 §3", 64}, "ws://a/b#c", "fragment"},
    {{"EmptyFragment", "6455 §3", 64}, "ws://a/b#", "fragment"},
    {{"FragmentBehindTheHost", "6455 §3", 64}, "ws://a#b", "fragment"},
    {{"FragmentInTheQuery", "6455 §3", 64}, "ws://a/?b#c", "fragment"},
    {{"User", "6455 §3"}, "ws://u@a", "user information"},
    {{"UserBeforeAPort", "6455 §3"}, "ws://u@a:80/", "user information"},
    {{"EmptyUser", "6455 §3"}, "ws://@a", "user information"},
    {{"Space", "3986 §2"}, "ws://a/b c", "space"},
    {{"SpaceBehind", "3986 §2"}, "ws://a ", "space"},
    {{"LineBreak", "3986 §2"}, "ws://a/\r\nX:y", "control character"},
    {{"LineBreakInTheHost", "3986 §2"}, "ws://a\r\nX:y", "control character"},
    {{"Nul", "3986 §2"}, "ws://a/\0"sv, "control character"},
    {{"Delete", "3986 §2"}, "ws://a/\x7f", "control character"},
    {{"NotAscii", "3986 §2"}, "ws://a/\xc3\xa9", "beyond ASCII"},
    {{"NotAsciiHost", "3986 §3.2.2"}, "ws://\xc3\xa9", "beyond ASCII"},
    {{"QuoteInThePath", "3986 §2"}, "ws://a/\"b", "percent-encoded"},
    {{"LessThanInTheQuery", "3986 §2"}, "ws://a/?<", "percent-encoded"},
    {{"NoHost", "6455 §3"}, "ws://", "host is missing"},
    {{"NoHostButAPath", "6455 §3"}, "ws:///b", "host is missing"},
    {{"NoHostButAPort", "6455 §3"}, "ws://:80", "host is missing"},
    {{"EscapeInTheHost", "3986 §3.2.2"}, "ws://a%2eb", "no name has"},
    {{"BackslashInTheHost", "3986 §3.2.2"}, "ws://a\\b", "no name has"},
    {{"NoPort", "6455 §3"}, "ws://a:", "port"},
    {{"PortZero", "6455 §3"}, "ws://a:0", "port must not be 0"},
    {{"PortTooLarge", "6455 §3"}, "ws://a:65536", "port"},
    {{"PortOfManyDigits", "6455 §3"}, "ws://a:4294967376", "port"},
    {{"PortWithSign", "6455 §3"}, "ws://a:+80", "port"},
    {{"PortInHexadecimal", "6455 §3"}, "ws://a:0x50", "port"},
    {{"Ipv6WithoutBrackets", "3986 §3.2.2"}, "ws://::1/", "in brackets"},
    {{"NoClosingBracket", "3986 §3.2.2"}, "ws://[::1", "closing bracket"},
    {{"NoColonBehindTheBracket", "3986 §3.2.2"}, "ws://[::1]80", "colon"},
    {{"NameInBrackets", "3986 §3.2.2"}, "ws://[a]", "no IPv6 address"},
    {{"EmptyBrackets", "3986 §3.2.2"}, "ws://[]", "no IPv6 address"},
    {{"EmptyZone", "6874 §2"}, "ws://[fe80::1%]", "no IPv6 address"},
    {{"FutureAddress", "3986 §3.2.2"}, "ws://[v1.a]", "no IPv6 address"},
    {{"RelativeSocketFile", "ws+unix"}, "ws+unix://a", "absolute path"},
};

class BadUrl : public testing::TestWithParam<Bad> {};

TEST_P(BadUrl, IsRejectedWithWhatIsWrong) {
  const Bad& row = GetParam();
  const ExactBlock block(row.text);
  try {
    static_cast<void>(parse_url(block.view()));
    ADD_FAILURE() << "accepted";
  } catch (const std::invalid_argument& error) {
    const std::string_view what = error.what();
    EXPECT_TRUE(what.starts_with("URL \"")) << what;
    EXPECT_NE(what.find(row.part), std::string_view::npos) << what;
    const bool shown = row.text.find_first_of("@\r\0\x7f"sv) == std::string_view::npos;
    if (shown) {
      EXPECT_NE(what.find(row.text), std::string_view::npos) << what;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, BadUrl, testing::ValuesIn(kBad), RowName());

TEST(Url, NamesAUnixSocketByItsFile) {
  const Url url = parse_url("ws+unix:///run/my socket#1");
  EXPECT_EQ(url.scheme, Scheme::unix_socket);
  EXPECT_EQ(url.socket_file, "/run/my socket#1");
  EXPECT_EQ(url.target, "/");
  EXPECT_EQ(url.host_field, "localhost");
  EXPECT_EQ(url.host, "");
}

TEST(Url, HostsAreAsLongAsDnsHasThem) {  // RFC 1035 §2.3.4
  EXPECT_NO_THROW(static_cast<void>(parse_url("ws://" + std::string(253, 'a'))));
  EXPECT_THROW(static_cast<void>(parse_url("ws://" + std::string(254, 'a'))), std::invalid_argument);
}

TEST(Url, FaultsDoNotShowPasswordsAndControlCharacters) {
  EXPECT_EQ(fault_prefix("URL", "ws://a\r\n\x7f\xc3\xa9 b"), "URL \"ws://a???\xc3\xa9 b\": ");
  EXPECT_EQ(fault_prefix("URL", "ws://user:secret@a:80/b"), "URL \"ws://...@a:80/b\": ");
  EXPECT_EQ(fault_prefix("URL", "ws://user:s/e@cret@a"), "URL \"ws://...@a\": ");
  EXPECT_EQ(fault_prefix("URL", "user:secret@a"), "URL \"...@a\": ");
  EXPECT_EQ(fault_prefix("URL", "ws://a"), "URL \"ws://a\": ");
}

TEST(Url, OnlySchemesOfTcpHaveAPort) {
  EXPECT_EQ(default_port(Scheme::ws), 80);
  EXPECT_EQ(default_port(Scheme::wss), 443);
  EXPECT_EQ(default_port(Scheme::unix_socket), 0);
}

TEST(Url, EveryByteIsAcceptedOrNamed) {  // nothing but what may be sent comes out
  for (int byte = 0; byte < 256; ++byte) {
    for (const std::string_view around : {"ws://a?/b", "ws://?/b", "ws://a/?", "ws://a:?"}) {
      std::string text(around);
      text.replace(text.rfind('?'), 1, 1, static_cast<char>(byte));
      try {
        const Url url = parse_url(text);
        EXPECT_TRUE(url.target.starts_with('/')) << text;
        for (const char c : url.target + url.host_field) {
          EXPECT_TRUE(c > ' ' && c < '\x7f' && c != '#') << text;
        }
      } catch (const std::invalid_argument&) {
        EXPECT_FALSE(byte >= 'a' && byte <= 'z' && around.back() != '?') << text;
      }
    }
  }
}

}  // namespace
}  // namespace mote::proto
