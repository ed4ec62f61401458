// Clients behind proxies: PROXY headers before TLS and HTTP, and X-Forwarded-For.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/clock_lag.h"
#include "tests/support/proxy_headers.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/wss_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::CapturedLog;
using test::client_frame;
using test::eventually;
using test::Journal;
using test::kClockLag;
using test::proxy_block_v6;
using test::proxy_header_v2;
using test::RawClient;
using test::RunningServer;
using test::TlsClient;
using test::upgrade_request;
using test::WssServer;

const std::string kLine = "PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n";
const std::string kBlock = proxy_header_v2(0x21, 0x21, proxy_block_v6());
const std::vector<std::string> kThisMachine = {"127.0.0.1"};

/// Answers a message with the client's address and port.
Handlers telling() {
  return {.on_message = [](Connection& socket, std::string_view) {
    const ConnectionInfo info = socket.info();
    socket.send(info.client_ip_address + ' ' + std::to_string(info.client_port));
  }};
}

std::string told(test::PeerStream& client) {
  client.send(test::text_frame("who am I?"));
  return client.read_frame().payload;
}

Options with_proxy_protocol() { return {.trusted_proxies = kThisMachine, .proxy_protocol = ProxyProtocol::required}; }

std::string forwarded(std::string_view value) { return "X-Forwarded-For: " + std::string(value) + "\r\n"; }

TEST(ProxyProtocol, ItsAddressIsTheClients) {
  RunningServer server(telling(), with_proxy_protocol());
  for (const auto& [header, expected] : {std::pair{kLine, "192.0.2.1 4660"}, std::pair{kBlock, "2001:db8::1 4660"}}) {
    RawClient client(server.port());
    client.send(header);
    client.upgrade();
    EXPECT_EQ(told(client), expected);
  }
}

TEST(ProxyProtocol, WhereItNamesNobodyTheClientIsTheOneThatConnected) {
  RunningServer server(telling(), with_proxy_protocol());
  for (const std::string& header : {std::string("PROXY UNKNOWN\r\n"), proxy_header_v2(0x20, 0, "")}) {
    RawClient client(server.port());
    client.send(header);
    client.upgrade();
    EXPECT_TRUE(told(client).starts_with("127.0.0.1 "));
  }
}

TEST(ProxyProtocol, HeaderRequestAndFrameMayComeInOneSegmentAndInAny) {
  RunningServer server(telling(), with_proxy_protocol());
  const std::string all = kBlock + upgrade_request() + test::text_frame("who am I?");
  for (std::size_t split = 0; split < kBlock.size() + 5; ++split) {
    RawClient client(server.port());
    client.send(all.substr(0, split));
    server.on_thread([] {});
    client.send(all.substr(split));
    client.read_head();
    ASSERT_EQ(client.read_frame().payload, "2001:db8::1 4660") << split;
  }
}

TEST(ProxyProtocol, TlsIsBehindIt) {
  WssServer server(telling(), with_proxy_protocol());
  TlsClient client(server.port());
  client.tcp().send(kLine);
  client.handshake();
  client.upgrade();
  EXPECT_EQ(told(client), "192.0.2.1 4660");
}

TEST(ProxyProtocol, OverAUnixSocketTheProxyIsTrustedAsUnix) {
  const test::TemporaryFolder folder;
  const std::string file = folder.path_of("socket");
  RunningServer server(telling(), {.trusted_proxies = {"unix"}, .proxy_protocol = ProxyProtocol::required}, {},
                       "ws+unix://" + file);
  RawClient client(file);
  client.send(kLine);
  client.upgrade();
  EXPECT_EQ(told(client), "192.0.2.1 4660");
}

TEST(ProxyProtocol, WithoutAHeaderTheConnectionEndsWithOneLogLine) {
  const CapturedLog log;
  RunningServer server(telling(), with_proxy_protocol());
  RawClient bystander(server.port());
  bystander.send(kLine);
  bystander.upgrade();
  RawClient client(server.port());
  client.send(upgrade_request());
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(told(bystander), "192.0.2.1 4660");
  ASSERT_EQ(log.size(), 1U);
  EXPECT_TRUE(log.lines()[0].starts_with("127.0.0.1:")) << log.lines()[0];
  EXPECT_NE(log.lines()[0].find("no PROXY header (PROXY protocol 2)"), std::string::npos) << log.lines()[0];
}

TEST(ProxyProtocol, WhoIsNotTrustedIsNotListenedTo) {
  const CapturedLog log;
  RunningServer server(telling(), {.trusted_proxies = {"10.0.0.0/8"}, .proxy_protocol = ProxyProtocol::required});
  RawClient client(server.port());
  EXPECT_EQ(client.read_to_end(), "");
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log.lines()[0].find("trusted_proxies"), std::string::npos);
}

TEST(ProxyProtocol, ItsTimeIsThatOfTheHandshake) {
  const CapturedLog log;
  Options options = with_proxy_protocol();
  options.handshake_timeout = 200ms;
  RunningServer server(telling(), options);
  const auto start = std::chrono::steady_clock::now();
  RawClient silent(server.port());
  RawClient slow(server.port());
  slow.send(kLine);
  server.on_thread([] {});
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(slow.read_to_end(), "");
  EXPECT_GE(std::chrono::steady_clock::now() - start, 200ms - kClockLag);
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log.count("127.0.0.1:"), 1U);        // no header
  EXPECT_EQ(log.count("192.0.2.1:4660: "), 1U);  // no request
}

TEST(ProxyProtocol, APeerThatGoesAwayBeforeItIsNoNews) {
  const CapturedLog log;
  Options options = with_proxy_protocol();
  options.max_connections = 1;
  RunningServer server(telling(), options);
  for (int i = 0; i < 10; ++i) {
    RawClient client(server.port());
    client.send("PROXY ");
    if (i % 2 == 0) client.reset();
  }
  RawClient client(server.port());
  client.send(kLine);
  client.upgrade();  // each has made room for the next
  EXPECT_EQ(log.size(), 0U);
}

TEST(ProxyProtocol, AWaitingConnectionEndsWithTheServer) {
  RunningServer server(telling(), with_proxy_protocol());
  RawClient client(server.port());
  client.send("PROXY ");
  server.on_thread([] {});
  server->drain(10s);
  EXPECT_EQ(client.read_to_end(), "");
  server.join();
}

TEST(ProxyProtocol, NeedsTrustedProxies) {
  EXPECT_THROW(Server("ws://127.0.0.1:0", {.proxy_protocol = ProxyProtocol::required}), std::invalid_argument);
  EXPECT_THROW(Server("ws://127.0.0.1:0", {.trusted_proxies = {"localhost"}}), std::invalid_argument);
}

TEST(ForwardedForHeader, OfATrustedProxyNamesTheClient) {
  RunningServer server(telling(), {.trusted_proxies = {"127.0.0.0/8", "10.0.0.0/8"}});
  auto client = RawClient::open(server.port(), "/", forwarded("203.0.113.9, 192.0.2.1, 10.1.1.1"));
  EXPECT_EQ(told(client), "192.0.2.1 0");
  auto other = RawClient::open(server.port(), "/", forwarded("203.0.113.9") + forwarded("[2001:db8::2]:4711"));
  EXPECT_EQ(told(other), "2001:db8::2 4711");
}

TEST(ForwardedForHeader, OfAnybodyElseIsIgnored) {
  RunningServer server(telling(), {.trusted_proxies = {"10.0.0.0/8"}});
  auto client = RawClient::open(server.port(), "/", forwarded("192.0.2.1"));
  EXPECT_TRUE(told(client).starts_with("127.0.0.1 "));
  RunningServer without(telling());
  auto other = RawClient::open(without.port(), "/", forwarded("192.0.2.1"));
  EXPECT_TRUE(told(other).starts_with("127.0.0.1 "));
}

TEST(ForwardedForHeader, WhereItIsMalformedTheClientIsTheOneThatConnected) {
  RunningServer server(telling(), {.trusted_proxies = kThisMachine});
  auto client = RawClient::open(server.port(), "/", forwarded("192.0.2.1, unknown"));
  EXPECT_TRUE(told(client).starts_with("127.0.0.1 "));
}

TEST(ForwardedForHeader, IsWhatUpgradeFilterPagesAndLogSee) {
  const CapturedLog log;
  Journal journal;
  RunningServer server(telling(), {.trusted_proxies = kThisMachine}, [&](Server& made) {
    made.on_upgrade([&](const HttpRequest& request, UpgradeDecision&) { journal.add(request.client_ip_address); });
    made.on_http("/page", [&](const HttpRequest& request) {
      journal.add(request.client_ip_address);
      return HttpResponse{.body = "page"};
    });
  });
  RawClient client(server.port());  // requests of two clients on one connection
  client.send("GET /page HTTP/1.1\r\nHost: a\r\n" + forwarded("192.0.2.1") + "\r\n");
  client.read_response();
  client.send(upgrade_request("/", forwarded("192.0.2.2")));
  client.read_head();
  EXPECT_EQ(told(client), "192.0.2.2 0");
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"192.0.2.1", "192.0.2.2"}));
  client.send(client_frame(3, ""));
  EXPECT_EQ(client.read_close_code(), 1002);
  ASSERT_EQ(log.size(), 1U);
  EXPECT_TRUE(log.lines()[0].starts_with("192.0.2.2:0: ")) << log.lines()[0];
}

TEST(ForwardedForHeader, OfAnEarlierRequestIsNotThatOfTheNext) {
  RunningServer server(telling(), {.trusted_proxies = kThisMachine},
                       [&](Server& made) { made.serve("/page", "text/plain", "page"); });
  for (const std::string& next : {std::string(), forwarded("192.0.2.1, unknown")}) {
    RawClient client(server.port());
    client.send("GET /page HTTP/1.1\r\nHost: a\r\n" + forwarded("192.0.2.1") + "\r\n");
    client.read_response();
    client.send(upgrade_request("/", next));
    client.read_head();
    EXPECT_TRUE(told(client).starts_with("127.0.0.1 ")) << next;
  }
}

/// A line in the log may have somebody banned.
TEST(ForwardedForHeader, ARequestThatIsWrongOrLateIsNotLaidAtTheEarlierOnesDoor) {
  RunningServer server(telling(), {.handshake_timeout = 300ms, .trusted_proxies = kThisMachine},
                       [&](Server& made) { made.serve("/page", "text/plain", "page"); });
  for (const std::string next : {"GET \\ HTTP/1.1\r\n\r\n", "GET / HT"}) {
    const CapturedLog log;
    RawClient client(server.port());
    client.send("GET /page HTTP/1.1\r\nHost: a\r\n" + forwarded("192.0.2.1") + "\r\n");
    client.read_response();
    client.send(next);
    client.read_to_end();
    EXPECT_TRUE(eventually([&] { return log.size() == 1; }));
    EXPECT_EQ(log.count("127.0.0.1:"), 1U) << next;
  }
}

/// A balancer of connections before one of requests.
TEST(ForwardedForHeader, IsBelievedOfWhomTheProxyHeaderNames) {
  Options options = with_proxy_protocol();
  options.trusted_proxies.emplace_back("192.0.2.1");
  RunningServer server(telling(), options);
  RawClient client(server.port());
  client.send(kLine);
  client.upgrade("/", forwarded("203.0.113.9"));
  EXPECT_EQ(told(client), "203.0.113.9 0");
  RawClient other(server.port());
  other.send(kBlock);
  other.upgrade("/", forwarded("203.0.113.9"));
  EXPECT_EQ(told(other), "2001:db8::1 4660");
}

}  // namespace
}  // namespace mote
