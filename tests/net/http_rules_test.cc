// What RFC 9112, 9110 and 6455 §4 say of requests and responses, byte for byte over real sockets. What is refused is in
// http_test.cc.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/feed.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using namespace std::string_literals;
using test::CapturedLog;
using test::Frame;
using test::RawClient;
using test::RowName;
using test::RunningServer;
using test::Source;
using test::text_frame;
using test::upgrade_request;

Handlers echo() {
  return {.on_message = [](Connection& socket, std::string_view text) { socket.send(text); }};
}

std::string get(std::string_view target, std::string_view lines = {}, std::string_view version = "HTTP/1.1") {
  return std::string("GET ")
      .append(target)
      .append(" ")
      .append(version)
      .append("\r\nHost: a\r\n")
      .append(lines)
      .append("\r\n");
}

std::string answer(std::uint16_t port, std::string_view request) {
  RawClient client(port);
  client.send(request);
  return client.read_to_end();
}

std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

bool has_line(const std::string& response, std::string_view line) {
  return count_of(response, std::string("\r\n").append(line).append("\r\n")) == 1;
}

void pages(Server& server) {
  server.serve("/", "text/plain", "page");
  server.on_http("/host", [](const HttpRequest& request) { return HttpResponse{.body = std::string(request.host)}; });
  server.on_http("/x",
                 [](const HttpRequest& request) { return HttpResponse{.body = std::string(request.headers["X"])}; });
  server.on_http("/299", [](const HttpRequest&) { return HttpResponse{.status = 299}; });
  server.on_http("/204", [](const HttpRequest&) { return HttpResponse{.status = 204, .body = "ignored"}; });
}

// ---- Handshakes that look unusual and are right

struct UnusualHandshake {
  Source source;
  std::string request;
};

void PrintTo(const UnusualHandshake& row, std::ostream* out) { *out << row.source; }

class UnusualHandshakes : public testing::TestWithParam<UnusualHandshake> {};

TEST_P(UnusualHandshakes, AreAccepted) {
  RunningServer server(echo());
  RawClient client(server.port());
  client.send(GetParam().request + text_frame("x"));
  const auto head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  EXPECT_TRUE(has_line(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) << head;
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "x"}));
}

const std::string kHost = "Host: a\r\n";
const std::string kUpgrade = "Upgrade: websocket\r\n";
const std::string kConnection = "Connection: Upgrade\r\n";
const std::string kKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const std::string kVersion = "Sec-WebSocket-Version: 13\r\n";

std::string handshake(const std::string& upgrade, const std::string& connection) {
  return "GET / HTTP/1.1\r\n" + kHost + upgrade + connection + kKey + kVersion + "\r\n";
}

const UnusualHandshake kUnusualHandshakes[] = {
    {{"OctetsInAValue", "9112 §2.2", 1}, upgrade_request("/", "X: \x80\xFF\xC3\x28\r\n")},
    {{"EmptyLineBefore", "9112 §2.2", 4}, "\r\n" + upgrade_request()},
    {{"AbsoluteForm", "9112 §3.2.2", 11}, upgrade_request("http://b:80/")},
    {{"ContentLengthZero", "9112 §6.3", 18}, upgrade_request("/", "Content-Length: 0\r\n")},
    {{"NamesInAnyCase", "9110 §5.1", 24},
     "GET / HTTP/1.1\r\nhost:a\r\nUPGRADE:websocket\r\nconnection:Upgrade\r\nsEC-wEBsOCKET-kEY:"
     "dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version:13\r\n\r\n"},
    {{"WhiteSpaceAroundValues", "9110 §5.5", 27},
     "GET / HTTP/1.1\r\nHost: \ta\t \r\n" + kUpgrade + kConnection +
         "Sec-WebSocket-Key:\t dGhlIHNhbXBsZSBub25jZQ== \t\r\nSec-WebSocket-Version:  13\t\r\n\r\n"},
    {{"EmptyListElements", "9110 §5.6.1.2", 28},
     handshake("Upgrade: ,, websocket ,\r\n", "Connection: ,\t,Upgrade,\r\n")},
    {{"QuotedPairInAnExtension", "9110 §5.6.4", 29},
     upgrade_request("/", "Sec-WebSocket-Extensions: unknown; a=\"\\b\\c\"\r\n")},
    {{"ProtocolInAnyCase", "9110 §7.8", 32}, handshake("Upgrade: WebSocket\r\n", kConnection)},
    {{"ProtocolInCapitals", "6455 §4.2.1", 39}, handshake("Upgrade: WEBSOCKET\r\n", kConnection)},
    {{"ProtocolAmongOthers", "6455 §4.2.1", 39}, handshake("Upgrade: h2c, websocket\r\n", kConnection)},
    {{"HigherMinorVersion", "6455 §4.2.1", 38},
     "GET / HTTP/1.2\r\n" + kHost + kUpgrade + kConnection + kKey + kVersion + "\r\n"},
    {{"ConnectionInAnyCase", "6455 §4.2.1", 40}, handshake(kUpgrade, "Connection: uPGRADE\r\n")},
    {{"ConnectionLastInAList", "6455 §4.2.1", 40}, handshake(kUpgrade, "Connection: keep-alive, x, Upgrade\r\n")},
    {{"ConnectionFirstInAList", "6455 §4.2.1", 40}, handshake(kUpgrade, "Connection: Upgrade, keep-alive\r\n")},
    {{"ConnectionInTheSecondField", "6455 §4.2.1", 40},
     handshake(kUpgrade, "Connection: keep-alive\r\nConnection: Upgrade\r\n")},
    {{"AnExtensionThatNobodyKnows", "6455 §9.1", 51},
     upgrade_request("/", "Sec-WebSocket-Extensions: unknown; a; b=1\r\n")},
    {{"QuotedTokenInAnExtension", "6455 §4.3", 53}, upgrade_request("/", "Sec-WebSocket-Extensions: x; a=\"b\"\r\n")},
    {{"ExtensionsInTwoFields", "6455 §11.3.2", 54},
     upgrade_request("/", "Sec-WebSocket-Extensions: x\r\nSec-WebSocket-Extensions: y, z\r\n")},
};

INSTANTIATE_TEST_SUITE_P(Table, UnusualHandshakes, testing::ValuesIn(kUnusualHandshakes), RowName());

// ---- The response to a handshake

// RFC 6455 §4.2.2, §11.3, checklist 16, 34, 48, 49, 50, 51: these bytes and no others.
TEST(HandshakeResponse, IsExact) {
  RunningServer server(echo(), {.subprotocols = {"chat"}});
  const std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {"Sec-WebSocket-Protocol: other\r\n", ""},
      {"Sec-WebSocket-Protocol: other, chat\r\n", "Sec-WebSocket-Protocol: chat\r\n"},
      {"Sec-WebSocket-Protocol: other\r\nSec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Protocol: chat\r\n"},
      {"Sec-WebSocket-Extensions: unknown\r\n", ""},
  };
  for (const auto& [offered, answered] : rows) {
    RawClient client(server.port());
    client.send(upgrade_request("/", offered));
    EXPECT_EQ(client.read_head(), head + answered + "\r\n") << offered;
  }
}

TEST(HandshakeResponse, AcceptsTheKeyAsItWasSent) {  // RFC 6455 §4.2.2, checklist 48: another example than the RFC's
  RunningServer server(echo());
  RawClient client(server.port());
  auto request = upgrade_request();
  const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
  client.send(request.replace(request.find(key), key.size(), "x3JJHMbDL1EzLkh9GBhXDw=="));
  EXPECT_TRUE(has_line(client.read_head(), "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk="));
}

TEST(HandshakeResponse, NamesTheVersionThatIsSpoken) {  // RFC 6455 §4.4, checklist 35, 45
  const CapturedLog log(LogLevel::off);
  RunningServer server(echo());
  for (const char* version : {"0", "7", "8", "12", "14", "255"}) {
    auto request = upgrade_request();
    const auto response = answer(server.port(), request.replace(request.find("13\r\n"), 2, version));
    EXPECT_TRUE(response.starts_with("HTTP/1.1 426 ")) << version;
    EXPECT_TRUE(has_line(response, "Sec-WebSocket-Version: 13")) << response;
    EXPECT_TRUE(has_line(response, "Upgrade: websocket")) << response;
  }
}

// ---- Plain requests

TEST(HttpRules, UpgradeInHttp10IsIgnored) {  // RFC 9110 §7.8, checklist 30
  RunningServer server(echo(), {}, pages);
  const auto response = answer(server.port(), get("/", kUpgrade + kConnection + kKey + kVersion, "HTTP/1.0"));
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 ")) << response;
  EXPECT_EQ(body_of(response), "page");
}

TEST(HttpRules, NoOtherProtocolIsSwitchedTo) {  // RFC 9110 §7.8, checklist 31
  RunningServer server(echo(), {}, pages);
  const auto rest = "\r\nConnection: Upgrade, close\r\n" + kKey + kVersion;
  for (const char* protocol : {"h2c", "websockets", "web, socket", "TLS/1.0", "\"websocket\""}) {
    const auto lines = std::string("Upgrade: ").append(protocol).append(rest);
    EXPECT_EQ(body_of(answer(server.port(), get("/", lines))), "page") << protocol;
  }
}

TEST(HttpRules, TheHostOfAnAbsoluteFormStandsInPlaceOfTheFields) {  // RFC 9112 §3.2.2, checklist 11
  RunningServer server(echo(), {}, pages);
  EXPECT_EQ(body_of(answer(server.port(), get("/host", "Connection: close\r\n"))), "a");
  EXPECT_EQ(body_of(answer(server.port(), get("http://b:80/host", "Connection: close\r\n"))), "b:80");
}

TEST(HttpRules, AHeaderIsOctets) {  // RFC 9112 §2.2, checklist 1
  RunningServer server(echo(), {}, pages);
  std::string octets;
  for (int octet = 0x80; octet <= 0xFF; ++octet) octets += static_cast<char>(octet);  // no text in any encoding
  EXPECT_EQ(body_of(answer(server.port(), get("/x", "X: " + octets + "\r\nConnection: close\r\n"))), octets);
}

/// One byte is missing of it: whatever the lines so far ask for, nothing may come of them.
TEST(HttpRules, ARequestIsActedUponWhenItIsComplete) {  // RFC 9110 §5.3, checklist 25
  int acted = 0;
  RunningServer server(echo(), {}, [&](Server& made) {
    made.on_http("/", [&](const HttpRequest&) {
      ++acted;
      return HttpResponse{};
    });
    made.on_upgrade([&](const HttpRequest&, UpgradeDecision&) { ++acted; });
  });
  int complete = 0;
  for (const auto& request : {get("/", "Connection: close\r\n"), upgrade_request()}) {
    RawClient client(server.port());
    client.send(request.substr(0, request.size() - 1));
    EXPECT_FALSE(client.readable_within(100));
    server.on_thread([&] { EXPECT_EQ(acted, complete); });
    client.send(request.substr(request.size() - 1));
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 "));
    ++complete;
    server.on_thread([&] { EXPECT_EQ(acted, complete); });
  }
}

TEST(HttpRules, TheSpaceBeforeAnEmptyReasonStays) {  // RFC 9112 §4, checklist 12
  RunningServer server(echo(), {}, pages);
  EXPECT_TRUE(answer(server.port(), get("/299", "Connection: close\r\n")).starts_with("HTTP/1.1 299 \r\n"));
}

// RFC 9112 §6.1, checklist 16: neither a 204 nor a 100 nor a 101 has one, whatever the request had.
TEST(HttpRules, NoTransferEncodingWhereThereIsNoContent) {
  RunningServer server(echo(), {}, pages);
  const auto none = answer(server.port(), get("/204", "TE: chunked\r\nConnection: TE, close\r\n"));
  EXPECT_TRUE(none.starts_with("HTTP/1.1 204 No Content\r\n")) << none;
  EXPECT_EQ(body_of(none), "");
  EXPECT_EQ(none.find("Transfer-Encoding"), std::string::npos);
  RawClient client(server.port());
  client.send(upgrade_request("/", "TE: chunked\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ((client.read_head() + client.read_head()).find("Transfer-Encoding"), std::string::npos);
}

// RFC 9112 §7.1, §9.3, checklist 20, 21: sizes that overflow are read as nothing, like all content.
TEST(HttpRules, AChunkSizeOverflowsNothing) {
  RunningServer server(echo(), {}, pages);
  for (const std::string& size : {"0"s, "7FFFFFFFFFFFFFFF"s, "FFFFFFFFFFFFFFFF"s, "10000000000000000"s,
                                  "1000000000000000A"s, "-1"s, "0x5"s, std::string(4000, 'F')}) {
    const auto chunked = get("/", "Transfer-Encoding: chunked\r\n") + size + "\r\n";
    const auto response = answer(server.port(), chunked + get("/host") + "0\r\n\r\n" + get("/host"));
    EXPECT_EQ(count_of(response, "HTTP/1.1 "), 1U) << size;
    EXPECT_EQ(body_of(response), "page") << size;
    EXPECT_TRUE(has_line(response, "Connection: close")) << size;
  }
}

TEST(HttpRules, AMethodThatIsNotAllowedIsToldWhichAre) {  // RFC 9110 §15.5.6, checklist 36
  const CapturedLog log(LogLevel::off);
  RunningServer server(echo(), {}, pages);
  for (const char* method : {"POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
    const auto response = answer(server.port(), std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(response.starts_with("HTTP/1.1 405 ")) << method;
    EXPECT_TRUE(has_line(response, "Allow: GET, HEAD")) << response;
  }
}

}  // namespace
}  // namespace mote
