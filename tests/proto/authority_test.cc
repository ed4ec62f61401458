#include "proto/authority.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using mote::test::ExactBlock;

struct HostRow {
  std::string_view text;
  bool valid;
};

constexpr HostRow kHosts[] = {
    {"a", true},
    {"example.org", true},
    {"example.org:8080", true},
    {"a:", true},  // port = *DIGIT
    {"a:65535", true},
    {"a:65536", false},
    {"a:99999999999999999999", false},
    {"a:-1", false},
    {"a:8o", false},
    {"a:1:2", false},
    {":80", false},
    {"", false},
    {"under_score", true},
    {"a%2Fb", true},
    {"a%2", false},
    {"a%", false},
    {"a%zz", false},
    {"a b", false},
    {"a@b", false},
    {"a/b", false},
    {"a?b", false},
    {"a#b", false},
    {"a\\b", false},
    {"\xc3\xa9", false},
    {"127.0.0.1:80", true},
    {"[::1]", true},
    {"[::1]:80", true},
    {"[::]", true},
    {"[1:2:3:4:5:6:7:8]", true},
    {"[1::8]", true},
    {"[1:2:3:4:5:6:7::]", true},
    {"[::ffff:192.0.2.1]", true},
    {"[1:2:3:4:5:6:192.0.2.1]", true},
    {"[v1.a:b]", true},
    {"[]", false},
    {"[", false},
    {"[::1", false},
    {"[::1]a", false},
    {"[::1]80", false},
    {"[:]", false},
    {"[:::]", false},
    {"[:1]", false},
    {"[1:]", false},
    {"[1]", false},
    {"[1:2:3:4:5:6:7]", false},
    {"[1:2:3:4:5:6:7:8:9]", false},
    {"[1:2:3:4:5:6:7:8::]", false},
    {"[1::2::3]", false},
    {"[12345::]", false},
    {"[g::]", false},
    {"[::256.0.0.1]", false},
    {"[::01.0.0.1]", false},
    {"[::1.2.3]", false},
    {"[::1.2.3.4.5]", false},
    {"[::1.2.3.4:5]", false},
    {"[fe80::1%eth0]", false},
    {"[v.a]", false},
    {"[v1.]", false},
    {"[v1]", false},
    {"1::8", false},
};

TEST(Authority, IsAHostAndAPort) {  // RFC 3986 §3.2.2, RFC 9110 §7.2, checklist 10
  for (const HostRow& row : kHosts) {
    const ExactBlock block(row.text);
    EXPECT_EQ(is_authority(block.view()), row.valid) << row.text;
  }
}

TEST(SplitAuthority, IsStricterThanIsAuthorityApartFromZones) {
  for (const HostRow& row : kHosts) {
    const ExactBlock block(row.text);
    const bool zone = row.text == "[fe80::1%eth0]";
    const bool stricter =
        row.text.ends_with(':') || row.text.starts_with("[v") || row.text.find('%') != std::string_view::npos;
    EXPECT_EQ(split_authority(block.view()).fault.empty(), zone || (row.valid && !stricter)) << row.text;
  }
}

TEST(AddressOctets, AreThoseOfTheSystem) {
  for (const char* text : {"0.0.0.0", "127.0.0.1", "255.254.253.252", "::", "::1", "1::", "2001:db8::ff00:42:8329",
                           "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "ABCD:ef::1", "::ffff:192.0.2.128",
                           "1:2:3:4:5:6:192.0.2.1", "64:ff9b::192.0.2.33"}) {
    const bool v6 = std::string_view(text).find(':') != std::string_view::npos;
    std::string expected(v6 ? 16 : 4, '\0');
    ASSERT_EQ(::inet_pton(v6 ? AF_INET6 : AF_INET, text, expected.data()), 1) << text;
    const ExactBlock block(text);
    EXPECT_EQ(address_octets(block.view()), expected) << text;
  }
  EXPECT_EQ(address_octets("fe80::1%eth0"), address_octets("fe80::1"));
  for (const char* name : {"a", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "0x7f.0.0.1"}) {
    EXPECT_EQ(address_octets(name), "") << name;
  }
}

TEST(Bracketed, IsForIpv6Only) {
  EXPECT_EQ(bracketed("a"), "a");
  EXPECT_EQ(bracketed("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(bracketed("::1"), "[::1]");
  EXPECT_EQ(bracketed("fe80::1%eth0"), "[fe80::1]");
}

}  // namespace
}  // namespace mote::proto
