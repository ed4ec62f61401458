#include "proto/authority.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace mote::proto
