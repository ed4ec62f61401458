// What one address may do: connections at once, and handshakes in a second.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"
#include "tests/support/wss_server.h"

namespace mote {
namespace {

using test::CapturedLog;
using test::echo_handlers;
using test::eventually;
using test::expect_echo;
using test::RawClient;
using test::RunningServer;
using test::TlsClient;
using test::upgrade_request;
using test::WssServer;

constexpr std::string_view kTooMany = "HTTP/1.1 503 Service Unavailable\r\n";
constexpr std::string_view kTooFast = "HTTP/1.1 429 Too Many Requests\r\n";

std::string answer(RawClient& client, std::string_view lines = {}) {
  client.send(upgrade_request("/", lines));
  return client.read_head();
}
std::string answer_of(std::uint16_t port, std::string_view lines = {}) {
  RawClient client(port);
  std::string head = answer(client, lines);
  client.read_to_end();
  return head;
}

TEST(ConnectionsPerAddress, TheLimitIsReachedAndNotPassed) {
  const CapturedLog log;
  RunningServer server(echo_handlers(), {.max_connections_per_address = 2});
  auto first = RawClient::open(server.port());
  auto second = RawClient::open(server.port());
  EXPECT_TRUE(answer_of(server.port()).starts_with(kTooMany));
  expect_echo(first);
  expect_echo(second);
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log.lines()[0].find("refused with 503: Too many connections from this address."), std::string::npos);
  first.close();
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 1; }));
  EXPECT_TRUE(eventually([&] {
    RawClient next(server.port());
    return answer(next).starts_with("HTTP/1.1 101");
  }));
}

TEST(ConnectionsPerAddress, WhoeverWaitsInTheHandshakeCounts) {
  RunningServer server(echo_handlers(), {.max_connections_per_address = 1});
  const RawClient silent(server.port());
  EXPECT_TRUE(answer_of(server.port()).starts_with(kTooMany));
}

TEST(ConnectionsPerAddress, FarAboveItNothingIsAnswered) {
  const CapturedLog log;
  RunningServer server(echo_handlers(), {.max_connections_per_address = 2});
  std::vector<RawClient> silent;
  for (int i = 0; i < 4; ++i) silent.emplace_back(server.port());  // two that may connect, two that will be told
  RawClient fifth(server.port());
  EXPECT_EQ(fifth.read_to_end(), "");
  EXPECT_EQ(log.size(), 1U);
  EXPECT_TRUE(answer(silent[3]).starts_with(kTooMany));
  EXPECT_TRUE(answer(silent[1]).starts_with("HTTP/1.1 101"));
}

TEST(ConnectionsPerAddress, ArePagesToo) {
  RunningServer server(echo_handlers(), {.max_connections_per_address = 1},
                       [](Server& made) { made.serve("/", "text/plain", "page"); });
  const auto first = RawClient::open(server.port());
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_response().starts_with(kTooMany));
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(ConnectionsPerAddress, OverTlsTheAnswerComesThroughIt) {
  WssServer server(echo_handlers(), {.max_connections_per_address = 1});
  auto first = TlsClient::open(server.port());
  auto second = TlsClient::connect(server.port());
  second.send(upgrade_request());
  EXPECT_TRUE(second.read_head().starts_with(kTooMany));
  expect_echo(first);
}

TEST(ConnectionsPerAddress, AreThoseOfTheClientThatTheProxyNames) {
  RunningServer server(echo_handlers(), {.max_connections_per_address = 1, .trusted_proxies = {"127.0.0.1"}});
  auto one = RawClient::open(server.port(), "/", "X-Forwarded-For: 192.0.2.1\r\n");
  auto other = RawClient::open(server.port(), "/", "X-Forwarded-For: 192.0.2.2\r\n");
  EXPECT_TRUE(answer_of(server.port(), "X-Forwarded-For: 192.0.2.1\r\n").starts_with(kTooMany));
  auto nobody = RawClient::open(server.port());  // the proxy itself: for how many, nobody knows
  auto still_nobody = RawClient::open(server.port());
  one.close();
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 3; }));
  auto again = RawClient::open(server.port(), "/", "X-Forwarded-For: 192.0.2.1\r\n");
  expect_echo(again);
}

TEST(ConnectionsPerAddress, AreThoseThatTheProxyHeaderNames) {
  RunningServer server(
      echo_handlers(),
      {.max_connections_per_address = 1, .trusted_proxies = {"127.0.0.1"}, .proxy_protocol = ProxyProtocol::required});
  const auto from = [&](const std::string& address) {
    RawClient client(server.port());
    client.send("PROXY TCP6 " + address + " ::1 1000 80\r\n");
    return client;
  };
  RawClient one = from("2001:db8::1");
  one.upgrade();
  RawClient same = from("2001:db8::2");  // of the same /64
  EXPECT_TRUE(answer(same).starts_with(kTooMany));
  RawClient other = from("2001:db8:0:1::1");
  other.upgrade();
  expect_echo(other);
}

TEST(ConnectionsPerAddress, ARefusedUpgradeOfAForwardedClientDoesNotCount) {
  RunningServer server(echo_handlers(), {.max_connections_per_address = 1, .trusted_proxies = {"127.0.0.1"}},
                       [](Server& made) {
                         made.on_upgrade([](const HttpRequest& request, UpgradeDecision& decision) {
                           if (request.path == "/no") decision.reject(403, "no");
                         });
                       });
  for (int i = 0; i < 5; ++i) {
    RawClient client(server.port());
    client.send(upgrade_request("/no", "X-Forwarded-For: 192.0.2.1\r\n"));
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 403"));
  }
  auto client = RawClient::open(server.port(), "/", "X-Forwarded-For: 192.0.2.1\r\n");
  expect_echo(client);
}

TEST(HandshakesPerAddress, TheLimitIsReachedAndNotPassed) {
  const CapturedLog log;
  RunningServer server(echo_handlers(), {.max_handshakes_per_address = 3});
  for (int i = 0; i < 3; ++i) auto client = RawClient::open(server.port());
  EXPECT_TRUE(answer_of(server.port()).starts_with(kTooFast));
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log.lines()[0].find("refused with 429: Too many handshakes from this address."), std::string::npos);
}

TEST(HandshakesPerAddress, FarAboveItNothingIsAnswered) {
  Options options;
  options.max_handshakes_per_address = 2;
  options.handshake_timeout = std::chrono::minutes(1);  // which ends nobody here
  RunningServer server(echo_handlers(), options);
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(server.port());
  const auto told_nothing = [](RawClient& client) { return client.readable_within(0) && client.read_to_end().empty(); };
  // Some are answered, and others while they all come.
  EXPECT_TRUE(eventually([&] { return std::ranges::count_if(clients, told_nothing) >= 14; }));
}

TEST(HandshakesPerAddress, AreThoseOfTheClientThatTheProxyNames) {
  RunningServer server(echo_handlers(), {.max_handshakes_per_address = 1, .trusted_proxies = {"127.0.0.1"}});
  EXPECT_TRUE(answer_of(server.port(), "X-Forwarded-For: 192.0.2.1\r\nOrigin: x\r\nOrigin: y\r\n")
                  .starts_with("HTTP/1.1 400"));  // what is no handshake does not count
  auto one = RawClient::open(server.port(), "/", "X-Forwarded-For: 192.0.2.1\r\n");
  EXPECT_TRUE(answer_of(server.port(), "X-Forwarded-For: 192.0.2.1\r\n").starts_with(kTooFast));
  auto other = RawClient::open(server.port(), "/", "X-Forwarded-For: 192.0.2.2\r\n");
}

}  // namespace
}  // namespace mote
