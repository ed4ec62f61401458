#include "net/address_ledger.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace mote::net {
namespace {

using Verdict = AddressLedger::Verdict;
using Place = AddressLedger::Place;

proto::IpAddress address(const std::string& text) { return proto::parse_ip_address(text).value(); }
const proto::IpAddress kOne = address("192.0.2.1");
const proto::IpAddress kOther = address("192.0.2.2");

struct Crowd {
  explicit Crowd(const AddressLedger::Limits& limits) : ledger(limits) {}

  Verdict enter(const proto::IpAddress& from, std::int64_t now_ms = 0) {
    auto [verdict, place] = ledger.enter(from, now_ms);
    places.push_back(std::move(place));
    return verdict;
  }

  AddressLedger ledger;
  std::vector<Place> places;
};

TEST(AddressLedger, CountsNothingWhereNothingIsLimited) {
  Crowd crowd({});
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(crowd.enter(kOne), Verdict::admitted);
  EXPECT_EQ(crowd.ledger.addresses(), 0U);
  EXPECT_FALSE(crowd.places[0].keep());
}

TEST(AddressLedger, TheLimitOfConnectionsIsExact) {
  Crowd crowd({.connections = 3});
  for (int i = 0; i < 3; ++i) ASSERT_EQ(crowd.enter(kOne), Verdict::admitted);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(crowd.enter(kOne), Verdict::too_many_connections);
  ASSERT_EQ(crowd.enter(kOne), Verdict::drop);
  EXPECT_EQ(crowd.enter(kOther), Verdict::admitted);
}

TEST(AddressLedger, AnEndedConnectionMakesRoom) {
  Crowd crowd({.connections = 1});
  EXPECT_EQ(crowd.enter(kOne), Verdict::admitted);
  EXPECT_EQ(crowd.enter(kOne), Verdict::too_many_connections);
  crowd.places.clear();
  EXPECT_EQ(crowd.ledger.addresses(), 0U);
  EXPECT_EQ(crowd.enter(kOne), Verdict::admitted);
}

TEST(AddressLedger, APlaceThatIsKeptIsLeftByHand) {
  Crowd crowd({.connections = 1});
  EXPECT_EQ(crowd.enter(kOne), Verdict::admitted);
  EXPECT_TRUE(crowd.places[0].keep());
  EXPECT_FALSE(crowd.places[0].keep());
  crowd.places.clear();
  EXPECT_EQ(crowd.enter(kOne), Verdict::too_many_connections);
  crowd.places.clear();
  crowd.ledger.leave(kOne);
  EXPECT_EQ(crowd.ledger.addresses(), 0U);
  crowd.ledger.leave(kOne);  // once too often: nothing
  EXPECT_EQ(crowd.enter(kOne), Verdict::admitted);
}

TEST(AddressLedger, Ipv6IsCountedByItsFirst64Bits) {
  Crowd crowd({.connections = 1});
  EXPECT_EQ(crowd.enter(address("2001:db8:1:2::1")), Verdict::admitted);
  EXPECT_EQ(crowd.enter(address("2001:db8:1:2:ffff:ffff:ffff:ffff")), Verdict::too_many_connections);
  EXPECT_EQ(crowd.enter(address("2001:db8:1:3::1")), Verdict::admitted);
  EXPECT_EQ(crowd.ledger.addresses(), 2U);
}

TEST(AddressLedger, Ipv4AndIpv6AreTwoThings) {
  Crowd crowd({.connections = 1});
  EXPECT_EQ(crowd.enter(kOne), Verdict::admitted);
  EXPECT_EQ(crowd.enter(address("c000:201::")), Verdict::admitted);  // the same first octets
  EXPECT_EQ(crowd.enter(address("::ffff:192.0.2.1")), Verdict::too_many_connections);
}

TEST(AddressLedger, AUnixSocketIsNobodysAddress) {
  Crowd crowd({.connections = 1, .handshakes_per_second = 1});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(crowd.enter({}), Verdict::admitted);
  EXPECT_EQ(crowd.ledger.addresses(), 0U);
}

TEST(AddressLedger, TheLimitOfHandshakesIsExact) {
  Crowd crowd({.handshakes_per_second = 5});
  for (int i = 0; i < 5; ++i) ASSERT_EQ(crowd.enter(kOne), Verdict::admitted);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(crowd.enter(kOne), Verdict::too_many_handshakes);
  ASSERT_EQ(crowd.enter(kOne), Verdict::drop);
  EXPECT_EQ(crowd.enter(kOther), Verdict::admitted);
}

TEST(AddressLedger, HandshakesComeBackWithTime) {
  Crowd crowd({.handshakes_per_second = 5});
  for (int i = 0; i < 5; ++i) crowd.enter(kOne);
  EXPECT_EQ(crowd.enter(kOne, 399), Verdict::admitted);  // one after 200 ms
  EXPECT_EQ(crowd.enter(kOne, 399), Verdict::too_many_handshakes);
  EXPECT_EQ(crowd.enter(kOne, 599), Verdict::too_many_handshakes);  // what was refused counts
  for (int i = 0; i < 5; ++i) EXPECT_EQ(crowd.enter(kOne, 60'000), Verdict::admitted);
  EXPECT_EQ(crowd.enter(kOne, 60'000), Verdict::too_many_handshakes);  // no more than in one second
}

TEST(AddressLedger, WhoeverGoesOnIsAnsweredSoOftenAndNeverAdmitted) {
  Crowd crowd({.handshakes_per_second = 10});
  int refused = 0;
  for (std::int64_t now = 0; now < 10'000; now += 5) {
    const Verdict verdict = crowd.enter(kOne, now);
    EXPECT_TRUE(now < 200 || verdict != Verdict::admitted) << now;
    refused += verdict == Verdict::too_many_handshakes ? 1 : 0;
  }
  EXPECT_NEAR(refused, 110, 3);
}

TEST(AddressLedger, AQuietAddressIsForgotten) {
  Crowd crowd({.handshakes_per_second = 2});
  crowd.enter(kOne);
  crowd.places.clear();
  EXPECT_EQ(crowd.ledger.addresses(), 1U);  // how many it has left
  crowd.enter(kOther, 1999);
  EXPECT_EQ(crowd.ledger.addresses(), 2U);
  crowd.enter(kOther, 2000);
  EXPECT_EQ(crowd.ledger.addresses(), 1U);
}

TEST(AddressLedger, AnAddressWithConnectionsIsNotForgotten) {
  Crowd crowd({.connections = 1, .handshakes_per_second = 2});
  crowd.enter(kOne);
  for (std::int64_t now = 0; now < 10'000; now += 1000) crowd.enter(kOther, now);
  EXPECT_EQ(crowd.enter(kOne, 10'000), Verdict::too_many_connections);
}

TEST(AddressLedger, OfQuietAddressesSoManyAreRememberedAndTheOldestMakesRoom) {
  AddressLedger ledger({.handshakes_per_second = 1});
  const auto numbered = [](std::size_t number) {
    proto::IpAddress made = address("10.0.0.0");
    for (std::size_t i = 0; i < 3; ++i) made.octets[3 - i] = static_cast<std::byte>(number >> (8 * i));
    return made;
  };
  for (std::size_t i = 0; i < AddressLedger::kMostIdle; ++i) {
    ASSERT_EQ(ledger.enter(numbered(i), 0).verdict, Verdict::admitted);
  }
  EXPECT_EQ(ledger.addresses(), AddressLedger::kMostIdle);
  EXPECT_EQ(ledger.enter(numbered(0), 0).verdict, Verdict::too_many_handshakes);  // and is the newest now
  EXPECT_EQ(ledger.enter(kOne, 0).verdict, Verdict::admitted);
  EXPECT_EQ(ledger.addresses(), AddressLedger::kMostIdle);
  EXPECT_EQ(ledger.enter(numbered(0), 0).verdict, Verdict::drop);
  EXPECT_EQ(ledger.enter(numbered(1), 0).verdict, Verdict::admitted);  // that was forgotten
}

}  // namespace
}  // namespace mote::net
