// Pages, the upgrade filter and refusals, over real sockets.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/feed.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using test::CapturedLog;
using test::RawClient;
using test::RowName;
using test::RunningServer;
using test::Source;
using test::text_frame;
using test::upgrade_request;

Handlers echo() {
  return {.on_message = [](Connection& socket, std::string_view text) { socket.send(text); }};
}

std::string get(std::string_view target, std::string_view lines = {}, std::string_view method = "GET") {
  return std::string(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: a\r\n").append(lines).append("\r\n");
}

std::string answer(std::uint16_t port, std::string_view request) {
  RawClient client(port);
  client.send(request);
  return client.read_to_end();
}

std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }

bool has_line(const std::string& response, std::string_view line) {
  return response.find(std::string("\r\n").append(line).append("\r\n")) != std::string::npos;
}

void pages(Server& server) {
  server.serve("/", "text/html", "<p>hello</p>");
  server.serve("/big", "application/octet-stream", std::string(3'000'000, 'b'));
  server.on_http("/health", [](const HttpRequest& request) {
    return HttpResponse{.body = std::string(request.method) + ' ' + std::string(request.path) + ' ' +
                                std::string(request.query) + ' ' + std::string(request.headers["X-A"]),
                        .headers = {{"X-B", "b"}}};
  });
  server.on_http("/throws", [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("secret"); });
  server.on_http("/missing", [](const HttpRequest&) { return HttpResponse{.status = 404, .body = "no"}; });
  server.on_http("/injects", [](const HttpRequest&) {
    return HttpResponse{.headers = {{"X-A", "a\r\nX-Injected: 1"}}};
  });
}

TEST(Http, ServesPagesOnOnePersistentConnectionInOrder) {  // RFC 9112 §9.3.2, checklist 22
  RunningServer server(echo(), {}, pages);
  RawClient client(server.port());
  client.send(get("/") + get("/health?q=1", "X-A: a\r\n") + get("/", "", "HEAD") + get("/missing"));
  const auto page = client.read_response();
  EXPECT_TRUE(page.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(has_line(page, "Content-Type: text/html"));
  EXPECT_TRUE(has_line(page, "Content-Length: 12"));
  EXPECT_NE(page.find("\r\nDate: "), std::string::npos);
  EXPECT_EQ(body_of(page), "<p>hello</p>");
  const auto health = client.read_response();
  EXPECT_EQ(body_of(health), "GET /health q=1 a");
  EXPECT_TRUE(has_line(health, "X-B: b"));
  const auto head = client.read_head();
  EXPECT_TRUE(has_line(head, "Content-Length: 12"));
  EXPECT_TRUE(client.read_response().starts_with("HTTP/1.1 404 "));
}

TEST(Http, APersistentConnectionMayBecomeAWebSocket) {
  RunningServer server(echo(), {}, pages);
  RawClient client(server.port());
  client.send(get("/") + upgrade_request() + text_frame("x"));
  EXPECT_EQ(body_of(client.read_response()), "<p>hello</p>");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 "));
  EXPECT_EQ(client.read_frame().payload, "x");
}

TEST(Http, ClosesWhenAskedToAndProcessesNothingMore) {  // RFC 9112 §9.6, checklist 23
  RunningServer server(echo(), {}, pages);
  const auto all = answer(server.port(), get("/", "Connection: close\r\n") + get("/health"));
  EXPECT_TRUE(has_line(all, "Connection: close"));
  EXPECT_EQ(body_of(all), "<p>hello</p>");
  EXPECT_TRUE(answer(server.port(), "GET / HTTP/1.0\r\n\r\n").ends_with("<p>hello</p>"));
}

TEST(Http, ABodyIsNeverTakenForTheNextRequest) {  // RFC 9112 §9.3, checklist 21; attack 22
  RunningServer server(echo(), {}, pages);
  const auto smuggled = get("/health");
  const auto length = "Content-Length: " + std::to_string(smuggled.size()) + "\r\n";
  EXPECT_EQ(body_of(answer(server.port(), get("/", length) + smuggled)), "<p>hello</p>");
  const auto chunked = answer(server.port(), get("/", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n" + smuggled);
  EXPECT_EQ(body_of(chunked), "<p>hello</p>");
}

TEST(Http, ALargePageReachesASlowReaderWhole) {
  RunningServer server(echo(), {}, pages);
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 5; ++i) requests += get("/big");
  client.send(requests);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(body_of(client.read_response()).size(), 3'000'000U);
}

TEST(Http, AHandlerMayReplaceItselfWhileItRuns) {
  const std::string first(100, 'a');  // the captures must outlive the replacement
  RunningServer server(echo(), {}, [&](Server& made) {
    made.on_http("/", [&made, first](const HttpRequest&) {
      made.on_http("/", [&made, second = std::string(100, 'b')](const HttpRequest&) {
        made.serve("/", "text/plain", "c");
        return HttpResponse{.body = second};
      });
      return HttpResponse{.body = first};
    });
  });
  EXPECT_EQ(body_of(answer(server.port(), get("/", "Connection: close\r\n"))), first);
  EXPECT_EQ(body_of(answer(server.port(), get("/", "Connection: close\r\n"))), std::string(100, 'b'));
  EXPECT_EQ(body_of(answer(server.port(), get("/", "Connection: close\r\n"))), "c");
}

/// The timeout of a closing handshake is not one for an answer that is on its way.
TEST(Http, ALargePageReachesASlowReaderWholeAlsoWhereTheConnectionEndsWithIt) {
  std::string big;
  big.resize(20'000'000, 'b');
  RunningServer server(
      echo(), {.handshake_timeout = std::chrono::milliseconds(200), .close_timeout = std::chrono::milliseconds(100)},
      [&](Server& made) { made.serve("/big", "text/plain", big); });
  for (const auto* lines : {"Connection: close\r\n", ""}) {
    RawClient client(server.port());
    client.send(get("/big", lines));
    if (*lines == 0) client.shutdown_writing();
    client.read_exactly(1'000'000);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));  // what is tested: a reader that takes its time
    const auto rest = client.read_to_end();
    EXPECT_GT(rest.size(), 19'000'000U) << lines;
    EXPECT_FALSE(client.was_reset()) << lines;
  }
}

TEST(Http, AHandlersStatusIsOneThatEndsARequest) {
  RunningServer server(echo(), {}, [](Server& made) {
    made.on_http("/", [](const HttpRequest& request) {
      return HttpResponse{.status = std::stoi(std::string(request.query)), .body = ""};
    });
  });
  const CapturedLog log;
  for (const char* const status : {"200", "204", "404", "599"}) {
    EXPECT_TRUE(answer(server.port(), get("/?" + std::string(status), "Connection: close\r\n"))
                    .starts_with("HTTP/1.1 " + std::string(status)));
  }
  EXPECT_EQ(log.size(), 0U);
  for (const char* const status : {"0", "99", "100", "101", "199", "600"}) {
    EXPECT_TRUE(
        answer(server.port(), get("/?" + std::string(status), "Connection: close\r\n")).starts_with("HTTP/1.1 500 "))
        << status;
  }
  EXPECT_EQ(log.count("on_http for /: status or header that may not be sent"), 6);
}

TEST(Http, WhatAHandlerThrowsOrInjectsBecomes500WithoutItsText) {  // attack 25, 27
  const CapturedLog log;
  RunningServer server(echo(), {}, pages);
  for (const auto* path : {"/throws", "/injects"}) {
    const auto response = answer(server.port(), get(path));
    EXPECT_TRUE(response.starts_with("HTTP/1.1 500 ")) << response;
    EXPECT_EQ(response.find("secret"), std::string::npos);
    EXPECT_EQ(response.find("Injected"), std::string::npos);
  }
}

TEST(Http, PathsWithoutAPageAre426AtAnEndpointAnd404Elsewhere) {  // checklist 35, 46
  RunningServer everywhere(echo());
  const auto response = answer(everywhere.port(), get("/any"));
  EXPECT_TRUE(response.starts_with("HTTP/1.1 426 "));
  EXPECT_TRUE(has_line(response, "Upgrade: websocket"));
  EXPECT_TRUE(has_line(response, "Sec-WebSocket-Version: 13"));

  RunningServer server(echo(), {}, pages, "ws://127.0.0.1:0/chat");
  EXPECT_TRUE(answer(server.port(), get("/chat")).starts_with("HTTP/1.1 426 "));
  EXPECT_TRUE(answer(server.port(), get("/favicon.ico")).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(answer(server.port(), upgrade_request("/other")).starts_with("HTTP/1.1 404 "));
  auto client = RawClient::open(server.port(), "/chat?x=1");
  client.send(text_frame("x"));
  EXPECT_EQ(client.read_frame().payload, "x");
}

TEST(Http, PagesThatMakeNoSenseAreRejected) {
  Server server("ws://127.0.0.1:0");
  EXPECT_THROW(server.serve("page", "text/plain", ""), std::invalid_argument);
  EXPECT_THROW(server.serve("/", "text/plain\r\nX: 1", ""), std::invalid_argument);
  EXPECT_THROW(server.on_http("", [](const HttpRequest&) { return HttpResponse{}; }), std::invalid_argument);
}

TEST(Upgrade, TheFilterSeesTheRequestAndMayAddHeadersAndChooseTheSubprotocol) {  // checklist 50
  RunningServer server([](Connection& socket) { socket.send(socket.info().negotiated_sub_protocol); },
                       {.subprotocols = {"one"}},
                       [](Server& made) {
                         made.on_upgrade([](const HttpRequest& request, UpgradeDecision& decision) {
                           EXPECT_EQ(request.path, "/p");
                           EXPECT_EQ(request.query, "q");
                           EXPECT_EQ(request.client_ip_address, "127.0.0.1");
                           EXPECT_EQ(request.cookies["id"], "7");
                           decision.subprotocol("two");
                           decision.header("Set-Cookie", "a=b");
                           EXPECT_THROW(decision.subprotocol("three"), std::invalid_argument);
                           EXPECT_THROW(decision.header("X", "a\r\nb: c"), std::invalid_argument);
                           EXPECT_THROW(decision.header("Sec-WebSocket-Accept", "x"), std::invalid_argument);
                           EXPECT_THROW(decision.reject(200), std::invalid_argument);
                         });
                       });
  RawClient client(server.port());
  client.send(upgrade_request("/p?q", "Sec-WebSocket-Protocol: one, two\r\nCookie: id=7\r\n"));
  const auto head = client.read_head();
  EXPECT_TRUE(has_line(head, "Sec-WebSocket-Protocol: two"));
  EXPECT_TRUE(has_line(head, "Set-Cookie: a=b"));
  EXPECT_TRUE(has_line(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));  // RFC 6455 1.3
  EXPECT_EQ(client.read_frame().payload, "two");
}

TEST(Upgrade, TheFilterMayReplaceItselfWhileItRuns) {
  RunningServer server(echo(), {}, [](Server& made) {
    const std::string reason(100, 'a');  // the captures must outlive the replacement
    made.on_upgrade([&made, reason](const HttpRequest&, UpgradeDecision& decision) {
      made.on_upgrade(nullptr);
      decision.reject(503, reason);
    });
  });
  EXPECT_EQ(body_of(answer(server.port(), upgrade_request())), std::string(100, 'a'));
  RawClient::open(server.port());
}

TEST(Upgrade, TheFilterMayRefuse) {  // RFC 6455 §4.2.2, checklist 46, 111
  const CapturedLog log;
  bool opened = false;
  RunningServer server(
      [&](Connection&) { opened = true; }, {},
      [](Server& made) {
        made.on_upgrade([](const HttpRequest&, UpgradeDecision& decision) { decision.reject(401, "who are you?"); });
      });
  const auto response = answer(server.port(), upgrade_request());
  EXPECT_TRUE(response.starts_with("HTTP/1.1 401 "));
  EXPECT_EQ(body_of(response), "who are you?");
  server.stop();
  EXPECT_FALSE(opened);
  EXPECT_EQ(log.size(), 1U);
}

TEST(Upgrade, AFilterThatThrowsIs500AndTheServerGoesOn) {
  const CapturedLog log;
  bool thrown = false;
  RunningServer server(echo(), {}, [&](Server& made) {
    made.on_upgrade([&](const HttpRequest&, UpgradeDecision&) {
      if (!std::exchange(thrown, true)) throw std::runtime_error("secret");
    });
  });
  const auto response = answer(server.port(), upgrade_request());
  EXPECT_TRUE(response.starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(response.find("secret"), std::string::npos);
  RawClient::open(server.port());
}

TEST(Upgrade, ExpectIsAnsweredBeforeThe101) {  // RFC 9110 §7.8, checklist 33; attack 22
  RunningServer server(echo());
  RawClient client(server.port());
  client.send(upgrade_request("/", "Expect: 100-continue\r\n"));
  EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 "));
}

struct RefusedRequest {
  Source source;
  std::string request;
  int status;
};

void PrintTo(const RefusedRequest& refused, std::ostream* out) { *out << refused.source; }

class Refusals : public testing::TestWithParam<RefusedRequest> {};

/// A proper answer with a one-line text body, the connection's end, one log line, nothing opened: checklist 38, 111.
TEST_P(Refusals, AreHttpAnswersThatSayWhyAndEndTheConnection) {
  const CapturedLog log(LogLevel::info);
  RunningServer server([](Connection&) { ADD_FAILURE() << "opened"; },
                       {.subprotocols = {"known"},
                        .subprotocol_mismatch = SubprotocolMismatch::accept_without,
                        .origins = {"https://good.example"}},
                       {}, "ws://127.0.0.1:0/ws");
  const auto response = answer(server.port(), GetParam().request + text_frame("never read") + get("/next"));
  EXPECT_TRUE(response.starts_with("HTTP/1.1 " + std::to_string(GetParam().status) + ' ')) << response;
  EXPECT_TRUE(has_line(response, "Content-Type: text/plain; charset=utf-8")) << response;
  const auto body = body_of(response);
  EXPECT_TRUE(has_line(response, "Content-Length: " + std::to_string(body.size()))) << response;  // one answer only
  EXPECT_FALSE(body.empty());
  EXPECT_EQ(body.find('\n'), std::string::npos) << body;
  server.stop();
  ASSERT_EQ(log.size(), 1U);
  const std::string line = log.lines()[0];
  EXPECT_TRUE(line.starts_with("127.0.0.1:")) << line;
  EXPECT_NE(line.find("refused with " + std::to_string(GetParam().status)), std::string::npos);
  constexpr std::array broken_rules = {400, 414, 431, 501, 505};
  if (std::ranges::find(broken_rules, GetParam().status) != broken_rules.end()) {
    EXPECT_NE(line.find(" (RFC "), std::string::npos) << line;
    EXPECT_TRUE(line.ends_with(")")) << line;
  }
  EXPECT_EQ(server->connection_count(), 0U);
}

const std::string kGood = "Origin: https://good.example\r\n";

std::string without(std::string request, const std::string& line) {
  return request.erase(request.find(line), line.size());
}

std::string instead(std::string request, const std::string& part, const std::string& other) {
  return request.replace(request.find(part), part.size(), other);
}

std::vector<RefusedRequest> refused_requests() {
  const auto good = upgrade_request("/ws", kGood);
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  return {
      {{"NoHost", "9112 §3.2", 10}, without(good, "Host: test.example\r\n"), 400},
      {{"TwoHosts", "9112 §3.2, attack 21", 10}, upgrade_request("/ws", kGood + "Host: other.example\r\n"), 400},
      {{"NoKey", "6455 §4.2.1", 41}, without(good, key), 400},
      {{"TwoKeys", "6455 §11.3.1", 42}, upgrade_request("/ws", kGood + key), 400},
      {{"KeyOf15Bytes", "6455 §4.2.1", 41}, instead(good, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"), 400},
      {{"TwoVersions", "6455 §11.3.5", 44}, upgrade_request("/ws", kGood + version), 400},
      {{"NoVersion", "6455 §4.2.1", 43}, without(good, version), 400},
      {{"Version8", "6455 §4.4", 45}, instead(good, "Version: 13", "Version: 8"), 426},
      {{"ConnectionWithoutUpgrade", "6455 §4.2.1", 40},
       instead(good, "Connection: Upgrade", "Connection: keep-alive"),
       400},
      {{"Http10", "9110 §7.8", 30}, instead(good, "HTTP/1.1", "HTTP/1.0"), 426},
      {{"Http20", "6455 §4.2.1", 38}, instead(good, "HTTP/1.1", "HTTP/2.0"), 505},
      {{"Post", "6455 §4.2.1", 38}, instead(good, "GET", "POST"), 405},
      {{"OverlongMethod", "9112 §3", 7}, instead(good, "GET", "GETGETGETGET"), 501},
      {{"TwoSpacesBeforeTheVersion", "9112 §3.2", 9}, instead(good, " HTTP", "  HTTP"), 400},
      {{"NoVersionInTheRequestLine", "9112 §3.2", 9}, instead(good, " HTTP/1.1", ""), 400},
      {{"SpaceBeforeTheFirstField", "9112 §2.2", 5}, instead(good, "Host", " Host"), 400},
      {{"TransferEncodingInHttp10", "9112 §6.1", 15},
       instead(upgrade_request("/ws", kGood + "Transfer-Encoding: chunked\r\n"), "HTTP/1.1", "HTTP/1.0"),
       400},
      {{"ChunkedNotFinal", "9112 §6.3", 17},
       upgrade_request("/ws", kGood + "Transfer-Encoding: chunked, gzip\r\n"),
       400},
      {{"InvalidContentLength", "9112 §6.3", 18}, upgrade_request("/ws", kGood + "Content-Length: 5a\r\n"), 400},
      {{"DifferingContentLengths", "9112 §6.3, attack 21", 18},
       upgrade_request("/ws", kGood + "Content-Length: 0\r\nContent-Length: 5\r\n"),
       400},
      {{"UnknownMethod", "9110 §9.1", 37}, instead(good, "GET", "BREW"), 501},
      {{"WithContent", "6455 §4.2.1, attack 22", 38}, upgrade_request("/ws", kGood + "Content-Length: 5\r\n"), 400},
      {{"ChunkedAndLength", "9112 §6.3, attack 22", 19},
       upgrade_request("/ws", kGood + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
       400},
      {{"OtherPath", "6455 §4.2.2", 46}, upgrade_request("/elsewhere", kGood), 404},
      {{"NoOrigin", "6455 §10.2, attack 24", 47}, upgrade_request("/ws"), 403},
      {{"OriginNull", "6455 §10.2, attack 24", 47}, upgrade_request("/ws", "Origin: null\r\n"), 403},
      {{"OriginPrefix", "6455 §10.2, attack 24", 47},
       upgrade_request("/ws", "Origin: https://good.example.evil.example\r\n"),
       403},
      {{"OriginSuffix", "6455 §10.2, attack 24", 47},
       upgrade_request("/ws", "Origin: https://evilgood.example\r\n"),
       403},
      {{"OriginOtherScheme", "6455 §10.2, attack 24", 47},
       upgrade_request("/ws", "Origin: http://good.example\r\n"),
       403},
      {{"TwoOrigins", "6455 §10.2, attack 24", 47}, upgrade_request("/ws", kGood + kGood), 400},
      {{"ObsFold", "9112 §5.2, attack 21", 14}, upgrade_request("/ws", kGood + "X: a\r\n b\r\n"), 400},
      {{"BareLf", "9112 §2.2, attack 21", 3}, upgrade_request("/ws", kGood + "X: a\n"), 400},
      {{"BareCr", "9112 §2.2, attack 21", 2}, upgrade_request("/ws", kGood + "X: a\rb\r\n"), 400},
      {{"Nul", "9110 §5.5, attack 21", 26}, upgrade_request("/ws", kGood + std::string("X: a\0b\r\n", 8)), 400},
      {{"SpaceBeforeColon", "9112 §5.1, attack 21", 13}, upgrade_request("/ws", kGood + "X : a\r\n"), 400},
      {{"EmptyName", "9112 §5, attack 21", 6}, upgrade_request("/ws", kGood + ": a\r\n"), 400},
      {{"NoColon", "9112 §5", 6}, upgrade_request("/ws", kGood + "Xa\r\n"), 400},
      {{"SmuggledAfterBlankLine", "9112 §2.2, attack 21", 2}, instead(good, "\r\nHost", "\r\n\rX: 1\r\nHost"), 400},
      {{"MalformedExtensions", "6455 §9.1", 52},
       upgrade_request("/ws", kGood + "Sec-WebSocket-Extensions: a;;b\r\n"),
       400},
      {{"MalformedSubprotocol", "6455 §4.1 /10/", 50},
       upgrade_request("/ws", kGood + "Sec-WebSocket-Protocol: a b\r\n"),
       400},
      {{"NonAsciiSubprotocol", "6455 §4.1 /10/, attack 20", 50},
       upgrade_request("/ws", kGood + "Sec-WebSocket-Protocol: \xC3\xBC\r\n"),
       400},
      {{"TargetTooLong", "9112 §3", 8}, upgrade_request("/" + std::string(5000, 'x'), kGood), 414},
      {{"HeadTooLarge", "6585 §5, attack 17"},
       upgrade_request("/ws", kGood + "X: " + std::string(9000, 'x') + "\r\n"),
       431},
      {{"TooManyLines", "6585 §5, attack 18"},
       [] {
         std::string lines = kGood;
         for (int i = 0; i < 101; ++i) lines += "X: y\r\n";
         return upgrade_request("/ws", lines);
       }(),
       431},
      {{"PlainGetAtTheEndpoint", "9110 §15.5.22", 35}, get("/ws"), 426},
      {{"PlainGetElsewhere", "9110 §15.5.5"}, get("/nothing"), 404},
  };
}

INSTANTIATE_TEST_SUITE_P(Table, Refusals, testing::ValuesIn(refused_requests()), RowName());

TEST(Upgrade, ASubprotocolMismatchIsRefusedWhereThatIsWanted) {
  const CapturedLog log;
  RunningServer server(echo(), {.subprotocols = {"known"}, .subprotocol_mismatch = SubprotocolMismatch::refuse});
  EXPECT_TRUE(
      answer(server.port(), upgrade_request("/", "Sec-WebSocket-Protocol: other\r\n")).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(answer(server.port(), upgrade_request()).starts_with("HTTP/1.1 400 "));
  RawClient::open(server.port(), "/", "Sec-WebSocket-Protocol: other, known\r\n");
}

TEST(Upgrade, ARequestInPiecesIsAnsweredLikeAWholeOne) {
  RunningServer server(echo());
  const auto request = upgrade_request("/", "Cookie: a=b\r\n");
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    RawClient client(server.port());
    client.send(request.substr(0, cut));
    client.send(request.substr(cut) + text_frame("x"));
    ASSERT_TRUE(client.read_head().starts_with("HTTP/1.1 101 ")) << cut;
    ASSERT_EQ(client.read_frame().payload, "x") << cut;
    client.reset();
  }
  RawClient client(server.port());
  for (const char c : request) client.send({&c, 1});
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 "));
}

}  // namespace
}  // namespace mote
