#include "proto/ip_address.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace mote::proto {
namespace {

IpAddress address(std::string_view text) { return parse_ip_address(text).value(); }

TEST(IpAddress, IsReadFromText) {
  const IpAddress v4 = address("192.0.2.1");
  EXPECT_EQ(v4.family, IpAddress::Family::ipv4);
  EXPECT_EQ(v4.octets[0], std::byte{192});
  EXPECT_EQ(v4.octets[3], std::byte{1});
  const IpAddress v6 = address("2001:db8::1");
  EXPECT_EQ(v6.family, IpAddress::Family::ipv6);
  EXPECT_EQ(v6.octets[0], std::byte{0x20});
  EXPECT_EQ(v6.octets[15], std::byte{1});
  EXPECT_EQ(address("2001:DB8:0:0::1"), v6);
}

TEST(IpAddress, AMappedOneIsIpv4) {
  EXPECT_EQ(address("::ffff:192.0.2.1"), address("192.0.2.1"));
  EXPECT_NE(address("::fffe:192.0.2.1"), address("192.0.2.1"));
  EXPECT_NE(address("1::ffff:192.0.2.1"), address("192.0.2.1"));
}

TEST(IpAddress, WhatIsNoAddressIsNone) {
  for (const std::string_view text : {"", "a", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", "[::1]",
                                      "::1%eth0", "1:2:3:4:5:6:7", "::g", "1::2::3", "12345::", ":", "1.2.3.4:80"}) {
    EXPECT_FALSE(parse_ip_address(text)) << text;
  }
}

TEST(Port, IsANumberWithoutLeadingZeros) {
  EXPECT_EQ(parse_port("0"), 0);
  EXPECT_EQ(parse_port("65535"), 65535);
  for (const std::string_view text : {"", "65536", "00", "080", "-1", "+1", " 1", "1 ", "99999", "100000", "a"}) {
    EXPECT_FALSE(parse_port(text)) << text;
  }
}

struct BlockRow {
  std::string_view block, address;
  bool contains;
};

TEST(AddressBlock, HoldsTheAddressesThatBeginWithItsBits) {
  constexpr std::array rows = {
      BlockRow{"10.0.0.0/8", "10.255.255.255", true},
      BlockRow{"10.0.0.0/8", "11.0.0.0", false},
      BlockRow{"192.168.128.0/17", "192.168.128.0", true},
      BlockRow{"192.168.128.0/17", "192.168.255.255", true},
      BlockRow{"192.168.128.0/17", "192.168.127.255", false},
      BlockRow{"192.0.2.1", "192.0.2.1", true},
      BlockRow{"192.0.2.1", "192.0.2.0", false},
      BlockRow{"192.0.2.1/32", "192.0.2.3", false},
      BlockRow{"0.0.0.0/0", "255.255.255.255", true},
      BlockRow{"0.0.0.0/0", "::1", false},
      BlockRow{"::/0", "::1", true},
      BlockRow{"::/0", "1.2.3.4", false},
      BlockRow{"2001:db8::/33", "2001:db8:7fff::1", true},
      BlockRow{"2001:db8::/33", "2001:db8:8000::1", false},
      BlockRow{"fe80::1", "fe80::1", true},
      BlockRow{"::ffff:10.0.0.0/104", "10.1.2.3", true},
      BlockRow{"10.0.0.0/8", "::ffff:10.1.2.3", true},
  };
  for (const BlockRow& row : rows) {
    const auto block = parse_address_block(row.block);
    ASSERT_TRUE(block) << row.block;
    EXPECT_EQ(block->contains(address(row.address)), row.contains) << row.block << ' ' << row.address;
  }
}

TEST(AddressBlock, NoneContainsAUnixSocket) {
  EXPECT_FALSE(parse_address_block("0.0.0.0/0")->contains({}));
  EXPECT_FALSE(parse_address_block("::/0")->contains({}));
}

TEST(AddressBlock, WhatIsNoBlockIsNone) {
  for (const std::string_view text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/08", "10.0.0.0/-1",
                                      "::/129", "2001:db8::1/64", "10.0.0.0/8/8", "a/8", "::ffff:10.0.0.0/8"}) {
    EXPECT_FALSE(parse_address_block(text)) << text;
  }
}

}  // namespace
}  // namespace mote::proto
