#include "proto/forwarded_for.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mote::proto {
namespace {

const TrustedProxies& trusted() {
  static const TrustedProxies proxies({"10.0.0.0/8", "2001:db8::/32", "unix"});
  return proxies;
}

std::optional<Endpoint> found(const std::string& lines) { return forwarded_for(Headers(lines), trusted()); }
std::optional<Endpoint> found_in(const std::string& value) { return found("X-Forwarded-For: " + value + "\r\n"); }
Endpoint endpoint(std::string_view address, std::uint16_t port = 0) {
  return {parse_ip_address(address).value(), port};
}

TEST(ForwardedFor, TheRightMostThatIsNoTrustedProxyIsTheClient) {
  EXPECT_EQ(found_in("192.0.2.1"), endpoint("192.0.2.1"));
  EXPECT_EQ(found_in("198.51.100.7, 192.0.2.1"), endpoint("192.0.2.1"));
  EXPECT_EQ(found_in("198.51.100.7, 192.0.2.1, 10.1.1.1 ,\t2001:db8::5"), endpoint("192.0.2.1"));
}

TEST(ForwardedFor, WhatTheClientSaidItselfIsNotLookedAt) {
  EXPECT_EQ(found_in("nonsense, , 10.0.0.1, 192.0.2.1"), endpoint("192.0.2.1"));
}

TEST(ForwardedFor, SeveralFieldsAreOneList) {
  EXPECT_EQ(found("X-Forwarded-For: 198.51.100.7\r\nHost: a\r\nx-forwarded-for: 192.0.2.1\r\n"), endpoint("192.0.2.1"));
  EXPECT_EQ(found("X-Forwarded-For: 198.51.100.7, 192.0.2.9\r\nX-FORWARDED-FOR: 10.0.0.1, 10.0.0.2\r\n"),
            endpoint("192.0.2.9"));
}

TEST(ForwardedFor, WhereAllAreTrustedTheLeftMostIsIt) {
  EXPECT_EQ(found_in("10.0.0.1, 10.0.0.2"), endpoint("10.0.0.1"));
  EXPECT_EQ(found("X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\n"), endpoint("10.0.0.1"));
}

TEST(ForwardedFor, MayHavePorts) {
  EXPECT_EQ(found_in("192.0.2.1:4711"), endpoint("192.0.2.1", 4711));
  EXPECT_EQ(found_in("[2001:dead::1]:4711"), endpoint("2001:dead::1", 4711));
  EXPECT_EQ(found_in("[2001:dead::1]"), endpoint("2001:dead::1"));
  EXPECT_EQ(found_in("2001:dead::1"), endpoint("2001:dead::1"));
}

TEST(ForwardedFor, AnythingElseIsIgnored) {
  EXPECT_FALSE(found("Host: a\r\n"));
  for (const char* value : {"",
                            ",",
                            "192.0.2.1,",
                            "192.0.2.1, ",
                            "unknown",
                            "_hidden",
                            "192.0.2.1, 10.0.0.1 x",
                            "192.0.2.1:",
                            "192.0.2.1:x",
                            "192.0.2.1:65536",
                            "[192.0.2.1]",
                            "[2001:dead::1",
                            "[2001:dead::1]x",
                            "[2001:dead::1]:",
                            "2001:dead::1]",
                            "fe80::1%eth0",
                            "\"192.0.2.1\"",
                            "for=192.0.2.1",
                            "192.0.2.1;10.0.0.1",
                            "1.2.3",
                            "192.0.2.1, unknown, 10.0.0.1"}) {
    EXPECT_FALSE(found_in(value)) << value;
  }
}

TEST(TrustedProxies, AreAddressesBlocksAndUnix) {
  EXPECT_TRUE(trusted().contains(parse_ip_address("10.2.3.4").value()));
  EXPECT_FALSE(trusted().contains(parse_ip_address("11.2.3.4").value()));
  EXPECT_TRUE(trusted().contains({}));
  const TrustedProxies nobody({});
  EXPECT_TRUE(nobody.empty());
  EXPECT_FALSE(nobody.contains({}));
  EXPECT_FALSE(trusted().empty());
  EXPECT_FALSE(TrustedProxies({"unix"}).empty());
}

TEST(TrustedProxies, WhatIsNoneOfThemIsNamed) {
  for (const char* entry : {"", "localhost", "10.0.0.0/33", "10.0.0.1/8", "*", "UNIX"}) {
    try {
      const TrustedProxies made({"10.0.0.1", entry});
      ADD_FAILURE() << entry;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(std::string("trusted_proxies has \"") + entry + '"'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace mote::proto
