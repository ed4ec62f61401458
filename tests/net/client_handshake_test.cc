// The opening handshake of a client, RFC 6455 §4.1, as a server sees it: what it asks with, and what it makes of
// answers.

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/feed.h"
#include "tests/support/running_client.h"
#include "tests/support/scripted_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::answer_upgrade;
using test::CapturedLog;
using test::eventually;
using test::Frame;
using test::kNormalClose;
using test::kQuietMs;
using test::Lines;
using test::RawClient;
using test::RowName;
using test::RunningClient;
using test::ScriptedServer;
using test::server_frame;
using test::Source;
using test::switching_protocols;

const Lines kFailed = {"error handshake", "close 1006 handshake"};

ClientOptions with_everything() {
  ClientOptions options;
  options.subprotocols = {"chat", "v2"};
  options.compression.mode = CompressionMode::on;
  return options;
}

std::string key_of(const std::string& request) {
  constexpr std::string_view name = "Sec-WebSocket-Key: ";
  const std::size_t begin = request.find(name) + name.size();
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

/// A text that is in `response` becomes another; the whole of it where that is empty.
std::string changed(std::string response, const std::string& from, const std::string& to) {
  if (from.empty()) return to;
  const std::size_t at = response.find(from);
  if (at == std::string::npos) throw std::logic_error("no \"" + from + "\" in " + response);
  return response.replace(at, from.size(), to);
}

/// What a client was told that has answered the Close; the server is the one that ends TCP.
Lines told_after_close(RunningClient& client, RawClient& peer) {
  EXPECT_EQ(peer.read_close_code(), 1000);
  peer.close();
  return client.told();
}

// ---- The request

// RFC 6455 §4.1, checklist 42, 44, 57: the whole of it.
TEST(ClientOpening, AsksWithAGetAndTheFieldsOfAHandshakeEachOnce) {
  ScriptedServer server;
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  RunningClient client("ws://" + host + "/chat?a=b");
  RawClient peer = server.accept();
  const std::string request = peer.read_head();
  EXPECT_EQ(request, "GET /chat?a=b HTTP/1.1\r\nHost: " + host +
                         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: " +
                         key_of(request) + "\r\n\r\n");
}

TEST(ClientOpening, EachConnectionHasAnotherKey) {  // RFC 6455 §4.1 /7/, checklist 58
  ScriptedServer server;
  std::set<std::string> keys;
  for (int i = 0; i < 20; ++i) {
    RunningClient client(server.port());
    const std::string key = key_of(server.accept().read_head());
    EXPECT_EQ(key.size(), 24U);
    EXPECT_EQ(key.substr(22), "==");
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), 20U);
}

TEST(ClientOpening, NoDataAreSentBeforeTheResponseIsComplete) {  // RFC 6455 §4.1, checklist 60, 81
  ScriptedServer server;
  RunningClient client(server.port(), {}, [](Connection& socket) {
    EXPECT_EQ(socket.send("early"), SendStatus::closed);
    EXPECT_EQ(socket.send_ping(), SendStatus::closed);
    socket.on_open([&socket] { EXPECT_EQ(socket.send("in time"), SendStatus::sent); });
  });
  RawClient peer = server.accept();
  const std::string response = switching_protocols(peer.read_head());
  EXPECT_EQ(client.handle().send("early"), SendStatus::closed);
  EXPECT_FALSE(peer.readable_within(kQuietMs));
  peer.send(std::string_view(response).substr(0, response.size() - 1));
  EXPECT_FALSE(peer.readable_within(kQuietMs));
  peer.send("\n");
  EXPECT_EQ(peer.read_frame(), (Frame{1, true, "in time"}));
}

// RFC 6455 §4.1 /2/, checklist 63: the second waits until the first is open, or has failed.
TEST(ClientOpening, OneHandshakeAtATimeGoesOnWithAnAddress) {
  ScriptedServer server;
  const CapturedLog quiet;
  Client client;
  for (int i = 0; i < 3; ++i) {
    client.connect("ws://127.0.0.1:" + std::to_string(server.port()), [](Connection&) {});
  }
  std::thread thread([&client] { client.run(); });
  RawClient first = server.accept();
  const std::string request = first.read_head();
  EXPECT_FALSE(server.connected_within(kQuietMs));
  first.send(switching_protocols(request));
  RawClient second = server.accept();
  second.read_head();
  EXPECT_FALSE(server.connected_within(kQuietMs));
  second.send("HTTP/1.1 404 Not Found\r\n\r\n");
  RawClient third = server.accept();
  answer_upgrade(third);
  client.stop();
  thread.join();
}

TEST(ClientOpening, AFragmentInTheUrlIsRejected) {  // RFC 6455 §3, checklist 64
  Client client;
  for (const char* const url : {"ws://127.0.0.1/#x", "ws://127.0.0.1#", "ws://127.0.0.1/a?b#", "wss://127.0.0.1/#x"}) {
    EXPECT_THROW(client.connect(url, [](Connection&) {}), std::invalid_argument) << url;
  }
}

// ---- Responses that open

struct Opening {
  Source source;
  std::string from;
  std::string to;
};

void PrintTo(const Opening& row, std::ostream* out) { *out << row.source; }

class ServerAnswer : public testing::TestWithParam<Opening> {};

TEST_P(ServerAnswer, Opens) {
  ScriptedServer server;
  RunningClient client(server.port(), with_everything());
  RawClient peer = server.accept();
  peer.send(changed(switching_protocols(peer.read_head()), GetParam().from, GetParam().to));
  peer.send(kNormalClose);
  EXPECT_EQ(told_after_close(client, peer), (Lines{"open", "close 1000 peer clean"}));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ServerAnswer,
    testing::Values(
        Opening{{"Correct", "6455 §4.2.2", 61}, "HTTP", "HTTP"},
        Opening{{"HigherMinorVersion", "9110 §2.5"}, "HTTP/1.1", "HTTP/1.2"},
        Opening{{"EmptyReason", "9112 §4"}, "Switching Protocols", ""},
        Opening{{"OctetsInTheReason", "9112 §2.2", 1}, "Switching Protocols", "\xE9\xFF"},
        Opening{{"OctetsInAValue", "9112 §2.2", 1}, "Upgrade: w", "X: \xE9\xFF\r\nUpgrade: w"},
        Opening{{"NamesInAnyCase", "9110 §5.1", 24}, "Sec-WebSocket-Accept", "SEC-websocket-ACCEPT"},
        Opening{{"WhiteSpaceAroundValues", "9110 §5.5", 27}, ": websocket", ":\t websocket \t"},
        Opening{{"NoWhiteSpaceBeforeAValue", "9110 §5.5", 27}, ": websocket", ":websocket"},
        Opening{{"ProtocolInAnyCase", "9110 §7.8", 32}, "websocket", "WebSocket"},
        Opening{{"ConnectionInAnyCase", "6455 §4.1", 61}, ": Upgrade", ": uPGRADE"},
        Opening{{"ConnectionList", "6455 §4.1", 61}, ": Upgrade", ": keep-alive, Upgrade"},
        Opening{{"EmptyListElements", "9110 §5.6.1.2", 28}, ": Upgrade", ": , ,, Upgrade ,"},
        Opening{{"ConnectionInTwoFields", "9110 §5.3", 61}, "Connection:", "Connection: keep-alive\r\nConnection:"},
        Opening{{"OtherFields", "6455 §4.2.2"}, "Upgrade: w", "Server: x\r\nSet-Cookie: a=b\r\nUpgrade: w"},
        Opening{{"Subprotocol", "6455 §4.1", 62}, "Upgrade: w", "Sec-WebSocket-Protocol: v2\r\nUpgrade: w"},
        Opening{{"Extension", "7692 §5", 96},
                "Upgrade: w",
                "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\nUpgrade: w"},
        Opening{{"QuotedPairInAnExtension", "9110 §5.6.4", 29},
                "Upgrade: w",
                "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                "client_max_window_bits=\"1\\0\"\r\nUpgrade: w"},
        Opening{{"ContinueBefore", "9110 §15.2"}, "HTTP/1.1 101", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101"},
        Opening{{"EarlyHintsBefore", "8297 §2"},
                "HTTP/1.1 101",
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 X\r\n\r\nHTTP/1.1 101"}),
    RowName());

// ---- Responses that fail it

struct Fault {
  Source source;
  std::string from;
  std::string to;
  std::string complaint;
  ClientOptions options = with_everything();
};

void PrintTo(const Fault& row, std::ostream* out) { *out << row.source; }

class WrongAnswer : public testing::TestWithParam<Fault> {};

TEST_P(WrongAnswer, FailsTheConnectionWithoutAWord) {
  ScriptedServer server;
  RunningClient client(server.port(), GetParam().options);
  RawClient peer = server.accept();
  peer.send(changed(switching_protocols(peer.read_head()), GetParam().from, GetParam().to) + server_frame(1, "x"));
  EXPECT_EQ(client.told(), kFailed);
  ASSERT_TRUE(client.error());
  EXPECT_NE(std::string_view(client.error()->what()).find(GetParam().complaint), std::string_view::npos)
      << client.error()->what();
  EXPECT_EQ(client.error()->response(), nullptr);
  EXPECT_EQ(peer.read_to_end(), "");
}

Fault extension(const char* name, const char* section, int line, const std::string& value, std::string complaint,
                const ClientOptions& options = with_everything()) {
  return {{name, section, line},
          "Upgrade: w",
          "Sec-WebSocket-Extensions: " + value + "\r\nUpgrade: w",
          std::move(complaint),
          options};
}

std::vector<Fault> faults() {
  const std::string deflate = "permessage-deflate; server_no_context_takeover";
  const std::string accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
  ClientOptions small;
  small.max_response_head_bytes = 512;
  small.max_header_lines = 10;
  ClientOptions window = with_everything();
  window.compression.server_max_window_bits = 9;
  window.compression.client_max_window_bits = 9;
  return {
      {{"Http10", "9110 §15.2", 61}, "HTTP/1.1", "HTTP/1.0", "HTTP/1.0"},
      {{"Http2", "9112 §2.3"}, "HTTP/1.1", "HTTP/2.0", "not of HTTP/1"},
      {{"NoHttp", "9112 §4"}, "HTTP", "SSH-", "status line"},
      {{"NoSpaceAfterTheStatus", "9112 §4"}, " Switching Protocols", "", "status line"},
      {{"DataBeforeTheResponse", "6455 §4.1"}, "HTTP", server_frame(1, "x") + "HTTP", "status line"},
      {{"BareLineFeed", "9112 §2.2"}, "\r\nUpgrade", "\nUpgrade", "line feed"},
      {{"BareCarriageReturn", "9112 §2.2", 2}, "Upgrade: w", "X: a\rb\r\nUpgrade: w", "carriage return"},
      {{"NulInAValue", "9110 §5.5", 26}, "Upgrade: w", std::string("X: \0\r\nUpgrade: w", 16), "control character"},
      {{"SpaceBeforeTheColon", "9112 §5.1"}, "Upgrade: w", "Upgrade : w", "no valid name"},
      {{"FoldedLine", "9112 §5.2"}, "Upgrade: w", "X: a\r\n b\r\nUpgrade: w", "folded"},
      {{"NoUpgrade", "6455 §4.1", 61}, "Upgrade: websocket\r\n", "", "Upgrade of the response"},
      {{"OtherProtocol", "6455 §4.1", 61}, "websocket", "h2c", "Upgrade of the response"},
      {{"NoConnection", "6455 §4.1", 61}, "Connection: Upgrade\r\n", "", "Connection of the response"},
      {{"OtherConnection", "6455 §4.1", 61}, ": Upgrade", ": close", "Connection of the response"},
      {{"NoAccept", "6455 §4.1", 61}, "Sec-WebSocket-Accept", "X", "no Sec-WebSocket-Accept"},
      {{"AcceptOfAnotherKey", "6455 §4.1", 61}, "Sec-WebSocket-Accept", accept + "X", "not that of the key"},
      {{"AcceptTwice", "6455 §11.3.3", 61}, "Sec-WebSocket-Accept", accept + "Sec-WebSocket-Accept", "repeated"},
      {{"SubprotocolUnasked", "6455 §4.1", 62},
       "Upgrade: w",
       "Sec-WebSocket-Protocol: chat\r\nUpgrade: w",
       "subprotocol that was not offered",
       {}},
      {{"SubprotocolNotOffered", "6455 §4.1", 62},
       "Upgrade: w",
       "Sec-WebSocket-Protocol: v3\r\nUpgrade: w",
       "subprotocol that was not offered"},
      {{"SubprotocolTwice", "6455 §11.3.4", 62},
       "Upgrade: w",
       "Sec-WebSocket-Protocol: v2\r\nSec-WebSocket-Protocol: v2\r\nUpgrade: w",
       "repeated"},
      extension("ExtensionUnasked", "6455 §4.1", 62, deflate, "extension that was not offered", {}),
      extension("OtherExtension", "6455 §4.1", 62, "x-webkit-deflate-frame", "extension that was not offered"),
      extension("ExtensionTwice", "6455 §9.1", 62, deflate + ", " + deflate, "more extensions"),
      extension("MalformedExtension", "6455 §9.1", 52, deflate + ";", "malformed"),
      extension("QuotedValueIsNoToken", "6455 §9.1", 53, deflate + "; client_max_window_bits=\"1 0\"", "malformed"),
      extension("UnknownParameter", "7692 §7", 96, deflate + "; x", "parameter"),
      extension("ParameterTwice", "7692 §7", 96, deflate + "; server_no_context_takeover", "parameter"),
      extension("ParameterWithAValueItMustNotHave", "7692 §7.1.1.2", 96, deflate + "; client_no_context_takeover=1",
                "parameter"),
      extension("WindowTooLarge", "7692 §7.1.2.1", 102, deflate + "; server_max_window_bits=16", "parameter"),
      extension("WindowTooSmall", "7692 §7.1.2.1", 102, deflate + "; client_max_window_bits=7", "parameter"),
      extension("WindowWithLeadingZero", "7692 §7.1.2.1", 102, deflate + "; client_max_window_bits=09", "parameter"),
      extension("ClientWindowWithoutValue", "7692 §7.1.2.2", 96, deflate + "; client_max_window_bits", "parameter"),
      extension("TakeoverNotDeclined", "7692 §7.1.1.1", 96, "permessage-deflate", "server_no_context_takeover"),
      extension("NoServerWindow", "7692 §7.1.2.1", 96, deflate, "server_max_window_bits", window),
      extension("ServerWindowAboveTheOffer", "7692 §7.1.2.1", 102, deflate + "; server_max_window_bits=10",
                "server_max_window_bits", window),
      extension("ClientWindowAboveTheOffer", "7692 §7.1.2.2", 102,
                deflate + "; server_max_window_bits=9; client_max_window_bits=10", "client_max_window_bits", window),
      {{"HeadTooLarge", "6455 §10.4"},
       "\r\nUpgrade",
       "\r\nX: " + std::string(512, 'x') + "\r\nUpgrade",
       "max_response_head_bytes",
       small},
      {{"ReasonTooLong", "6455 §10.4"}, "Switching Protocols", std::string(20'000, 'x'), "max_response_head_bytes"},
      {{"HeadWithoutEnd", "6455 §10.4"},
       "",
       "HTTP/1.1 101 X\r\nX: " + std::string(512, 'x'),
       "max_response_head_bytes",
       small},
      {{"TooManyHeaderLines", "6455 §10.4"},
       "Upgrade: w",
       "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nUpgrade: w",
       "max_header_lines",
       small},
      {{"InterimHeadTooLarge", "6455 §10.4"},
       "HTTP",
       "HTTP/1.1 103 X\r\nX: " + std::string(512, 'x') + "\r\n\r\nHTTP",
       "max_response_head_bytes",
       small},
  };
}

INSTANTIATE_TEST_SUITE_P(Rows, WrongAnswer, testing::ValuesIn(faults()), RowName());

// ---- Other answers

struct Refusal {
  Source source;
  std::string status_line;
  int status;
  std::string reason;
};

void PrintTo(const Refusal& row, std::ostream* out) { *out << row.source; }

class OtherStatus : public testing::TestWithParam<Refusal> {};

TEST_P(OtherStatus, IsReportedWithItsFields) {
  ScriptedServer server;
  RunningClient client(server.port());
  RawClient peer = server.accept();
  const std::string response =
      switching_protocols(peer.read_head(), "Location: /a\r\nSet-Cookie: b\r\nset-cookie: c\r\n");
  peer.send(GetParam().status_line + response.substr(response.find("\r\n")) + "content");
  EXPECT_EQ(client.told(), kFailed);
  ASSERT_TRUE(client.error() && client.error()->response() != nullptr);
  const RefusedResponse& refused = *client.error()->response();
  EXPECT_EQ(refused.status, GetParam().status);
  EXPECT_EQ(refused.reason, GetParam().reason);
  EXPECT_EQ(refused.headers()["location"], "/a");
  EXPECT_EQ(refused.headers().count("Set-Cookie"), 2U);
  EXPECT_NE(std::string_view(client.error()->what()).find(std::to_string(GetParam().status)), std::string_view::npos);
  EXPECT_EQ(peer.read_to_end(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Rows, OtherStatus,
    testing::Values(Refusal{{"Ok", "6455 §4.1", 61}, "HTTP/1.1 200 OK", 200, "OK"},
                    Refusal{{"MovedPermanently", "6455 §4.1", 61}, "HTTP/1.1 301 Moved", 301, "Moved"},
                    Refusal{{"Unauthorized", "6455 §4.1", 61}, "HTTP/1.1 401 Who are you", 401, "Who are you"},
                    Refusal{{"NotFound", "6455 §4.1", 61}, "HTTP/1.1 404 ", 404, ""},
                    Refusal{{"UpgradeRequired", "6455 §4.4", 61}, "HTTP/1.1 426 X", 426, "X"},
                    Refusal{{"UnavailableInHttp10", "6455 §4.1", 61}, "HTTP/1.0 503 X", 503, "X"},
                    Refusal{{"AfterContinue", "9110 §15.2", 61}, "HTTP/1.1 100 X\r\n\r\nHTTP/1.1 403 No", 403, "No"}),
    RowName());

// ---- Where the bytes are cut

TEST(ClientOpening, FramesInThePacketOfTheResponseComeAfterOnOpen) {
  ScriptedServer server;
  RunningClient client(server.port());
  RawClient peer = server.accept();
  peer.send(switching_protocols(peer.read_head()) + server_frame(1, "a") + server_frame(9, "b") + server_frame(2, "c") +
            kNormalClose);
  EXPECT_EQ(peer.read_frame(), (Frame{10, true, "b"}));
  EXPECT_EQ(told_after_close(client, peer), (Lines{"open", "text a", "ping b", "binary c", "close 1000 peer clean"}));
}

TEST(ClientOpening, TheResponseMayComeByteByByte) {
  ScriptedServer server;
  RunningClient client(server.port());
  RawClient peer = server.accept();
  const int on = 1;
  ::setsockopt(peer.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::string bytes =
      "HTTP/1.1 100 Continue\r\n\r\n" + switching_protocols(peer.read_head()) + server_frame(1, "a");
  for (const char& byte : bytes) peer.send({&byte, 1});
  peer.send(kNormalClose);
  EXPECT_EQ(told_after_close(client, peer), (Lines{"open", "text a", "close 1000 peer clean"}));
}

TEST(ClientOpening, TheResponseMayBeCutAnywhere) {
  ScriptedServer server;
  std::size_t size = 1;
  for (std::size_t cut = 1; cut < size; ++cut) {
    RunningClient client(server.port());
    RawClient peer = server.accept();
    const int on = 1;
    ::setsockopt(peer.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::string bytes = switching_protocols(peer.read_head()) + server_frame(1, "a") + kNormalClose;
    size = bytes.size();
    peer.send(std::string_view(bytes).substr(0, cut));
    peer.send(std::string_view(bytes).substr(cut));
    EXPECT_EQ(told_after_close(client, peer), (Lines{"open", "text a", "close 1000 peer clean"})) << cut;
  }
}

// ---- Servers that go away, or never answer

TEST(ClientOpening, AConnectionThatEndsInsideItIs1006) {  // RFC 6455 §7.1.5, checklist 94
  for (const char* const sent : {"", "H", "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n", "HTTP/1.1 100 X\r\n\r\n"}) {
    for (const bool reset : {false, true}) {
      ScriptedServer server;
      RunningClient client(server.port());
      RawClient peer = server.accept();
      peer.read_head();
      peer.send(sent);
      if (reset) peer.reset();
      peer.close();
      EXPECT_EQ(client.told(), (Lines{"error transport", "close 1006 handshake"})) << sent;
      if (reset || !client.error()) continue;
      EXPECT_EQ(client.error()->what(),
                "127.0.0.1:" + std::to_string(server.port()) + ": the connection ended inside the opening handshake");
    }
  }
}

// Each interim response is good, but the time for all of them is not theirs.
TEST(ClientOpening, InterimResponsesWithoutEndRunIntoTheTimeout) {
  ScriptedServer server;
  ClientOptions options;
  options.handshake_timeout = 100ms;
  RunningClient client(server.port(), options);
  RawClient peer = server.accept();
  peer.read_head();
  EXPECT_TRUE(eventually([&] {
    peer.send_some("HTTP/1.1 103 X\r\n\r\n");
    return client.journal().size() == 2;
  }));
  EXPECT_EQ(client.told(), (Lines{"error timeout", "close 1006 handshake"}));
}

}  // namespace
}  // namespace mote
