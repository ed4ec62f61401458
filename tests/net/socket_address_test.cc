#include "net/socket_address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "net/lookup_crew.h"
#include "net/socket.h"

namespace mote::net {
namespace {

std::string interleaved_text(std::initializer_list<const char*> list) {
  std::vector<sockaddr_storage> addresses;
  for (const char* const text : list) addresses.push_back(look_up_literal(text).addresses.at(0));
  std::string text;
  for (const sockaddr_storage& address : interleaved(addresses)) text.append(PeerAddress(address).ip()).append(" ");
  return text;
}

TEST(SocketAddress, FamiliesTakeTurnsBeginningWithTheFirst) {
  EXPECT_EQ(interleaved_text({}), "");
  EXPECT_EQ(interleaved_text({"192.0.2.1"}), "192.0.2.1 ");
  EXPECT_EQ(interleaved_text({"2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"}),
            "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 2001:db8::3 ");
  EXPECT_EQ(interleaved_text({"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"}),
            "192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.3 ");
  EXPECT_EQ(interleaved_text({"192.0.2.1", "192.0.2.2"}), "192.0.2.1 192.0.2.2 ");
}

TEST(SocketAddress, KnowsSizeAndPortOfEachFamily) {
  auto v4 = look_up_literal("192.0.2.1").addresses.at(0);
  auto v6 = look_up_literal("2001:db8::1").addresses.at(0);
  set_port(v4, 80);
  set_port(v6, 65535);
  EXPECT_EQ(PeerAddress(v4).to_string(), "192.0.2.1:80");
  EXPECT_EQ(PeerAddress(v6).to_string(), "[2001:db8::1]:65535");
  EXPECT_EQ(size_of(v4), sizeof(sockaddr_in));
  EXPECT_EQ(size_of(v6), sizeof(sockaddr_in6));
}

TEST(SocketAddress, TakesTheLongestPathAndNoLongerOne) {
  const std::string longest(sizeof(sockaddr_un::sun_path) - 1, 'x');
  const auto address = unix_address(longest);
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(reinterpret_cast<const sockaddr_un&>(*address).sun_path, longest);
  EXPECT_EQ(size_of(*address), sizeof(sockaddr_un));
  EXPECT_FALSE(unix_address(longest + 'x').has_value());
  EXPECT_FALSE(unix_address("").has_value());
  EXPECT_FALSE(unix_address(std::string("/a\0b", 4)).has_value());
}

TEST(SocketAddress, PutsAnIpv6HostInBrackets) {
  EXPECT_EQ(host_and_port("example.org", 80), "example.org:80");
  EXPECT_EQ(host_and_port("2001:db8::1", 443), "[2001:db8::1]:443");
}

}  // namespace
}  // namespace mote::net
