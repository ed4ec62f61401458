#include "proto/client_handshake.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "proto/handshake.h"
#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using Kind = ResponseVerdict::Kind;
using mote::test::ExactBlock;
using mote::test::RowName;
using mote::test::Source;

constexpr HeadLimits kRequestLimits{.head_bytes = 8192, .header_lines = 100, .target_bytes = 4096};
constexpr ResponseLimits kLimits{.head_bytes = 8192, .header_lines = 100};
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 §1.3

ClientOptions with_deflate(ClientOptions options = {}) {
  options.compression.mode = CompressionMode::on;
  return options;
}

std::string request(const ClientOptions& options) {
  std::string out;
  append_request(out, {.target = "/chat?a=b", .host = "example.org:8080", .key = kKey, .options = options});
  return out;
}

// ---- The request

TEST(ClientHandshake, AsksForAnUpgradeAndNothingElse) {  // RFC 6455 §4.1, checklist 57
  EXPECT_EQ(request({}),
            "GET /chat?a=b HTTP/1.1\r\n"
            "Host: example.org:8080\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "\r\n");
}

TEST(ClientHandshake, SaysAllThatTheOptionsWant) {  // RFC 6455 §4.1, RFC 6265 §5.4
  ClientOptions options = with_deflate();
  options.subprotocols = {"v2", "v1"};
  options.headers = {{"Authorization", "Bearer x"}, {"X", ""}};
  options.cookies = {{"a", "b=c"}, {"d", "\"e\""}};
  options.origin = "https://example.org";
  EXPECT_TRUE(request(options).ends_with(
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Origin: https://example.org\r\n"
      "Sec-WebSocket-Protocol: v2, v1\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
      "client_max_window_bits\r\n"
      "Cookie: a=b=c; d=\"e\"\r\n"
      "Authorization: Bearer x\r\n"
      "X: \r\n"
      "\r\n"))
      << request(options);
}

TEST(ClientHandshake, MakesRequestsThatTheServersSideAccepts) {  // RFC 6455 §4.2.1, checklist 57
  ClientOptions options = with_deflate();
  options.subprotocols = {"v2", "v1"};
  options.cookies = {{"a", "b"}};
  options.origin = "https://example.org";
  const std::vector<std::string> spoken = {"v1"};
  const std::vector<std::string> origins = {"https://example.org"};
  const std::string sent = request(options);
  RequestHead head;
  ASSERT_EQ(head.parse(sent, kRequestLimits), HeadProgress::complete) << head.refusal().text;
  EXPECT_EQ(head.size(), sent.size());
  EXPECT_EQ(head.host(), "example.org:8080");
  const UpgradeVerdict verdict =
      judge_upgrade(head, {.subprotocols = spoken, .origins = origins, .compression = options.compression});
  ASSERT_EQ(verdict.kind, UpgradeVerdict::Kind::accept) << verdict.refusal.text;
  std::string response;
  append_switching_protocols(response, verdict.key, {verdict.subprotocol, verdict.deflate}, {});
  ResponseHead answer;
  ASSERT_EQ(answer.parse(response, kLimits), HeadProgress::complete);
  const ResponseVerdict judged = judge_response(answer, {.key = kKey, .options = options});
  EXPECT_EQ(judged.kind, Kind::accepted) << info_of(judged.fault).text;
  EXPECT_EQ(judged.subprotocol, "v1");
  EXPECT_EQ(judged.deflate, verdict.deflate);
}

TEST(ClientHandshake, MakesAnotherKeyOf16BytesEachTime) {  // RFC 6455 §4.1 /7/, checklist 58
  std::set<std::string> keys;
  std::set<char> characters;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = make_key();
    ASSERT_EQ(key.size(), 24U);
    RequestHead head;
    std::string text;
    append_request(text, {.host = "a", .key = key, .options = {}});
    ASSERT_EQ(head.parse(text, kRequestLimits), HeadProgress::complete);
    ASSERT_EQ(judge_upgrade(head, {}).kind, UpgradeVerdict::Kind::accept) << key;
    characters.insert(key.begin(), key.end());
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), 1000U);
  EXPECT_EQ(characters.size(), 65U) << "every character of Base64 comes up";
}

// ---- Options

struct BadOption {
  Source source;
  std::string option;
  std::function<void(ClientOptions&)> set;
};

void PrintTo(const BadOption& row, std::ostream* out) { *out << row.source; }

BadOption header(const char* name, const char* section, std::string field, std::string value = "x") {
  return {{name, section}, "headers", [=](ClientOptions& options) { options.headers = {{"A", "b"}, {field, value}}; }};
}

BadOption cookie(const char* name, std::string field, std::string value) {
  return {{name, "6265 §4.1.1"}, "cookies", [=](ClientOptions& options) { options.cookies = {{field, value}}; }};
}

std::vector<BadOption> bad_options() {
  const auto subprotocols = [](const char* name, const std::vector<std::string>& names) {
    return BadOption{
        {name, "6455 §4.1"}, "subprotocols", [=](ClientOptions& options) { options.subprotocols = names; }};
  };
  return {
      subprotocols("EmptySubprotocol", {"a", ""}),
      subprotocols("SubprotocolList", {"a, b"}),
      subprotocols("SubprotocolWithLineBreak", {"a\r\nX: y"}),
      subprotocols("SubprotocolTwice", {"a", "b", "a"}),
      {{"OriginWithLineBreak", "9110 §5.5"}, "origin", [](ClientOptions& options) { options.origin = "null\r\nX: y"; }},
      header("HeaderValueWithLineBreak", "9110 §5.5", "X", "y\r\nZ: z"),
      header("HeaderValueWithLineFeed", "9110 §5.5", "X", "y\nZ: z"),
      header("HeaderValueWithNul", "9110 §5.5", "X", std::string(1, '\0')),
      header("HeaderNameWithColon", "9110 §5.1", "X:"),
      header("HeaderNameWithSpace", "9110 §5.1", "X "),
      header("EmptyHeaderName", "9110 §5.1", ""),
      header("HeaderNameWithLineBreak", "9110 §5.1", "X\r\nY"),
      header("Host", "6455 §4.1", "hOST"),
      header("Upgrade", "6455 §4.1", "Upgrade"),
      header("Connection", "6455 §4.1", "connection"),
      header("Key", "6455 §4.1", "sec-websocket-key"),
      header("Version", "6455 §4.1", "Sec-WebSocket-Version"),
      header("Subprotocol", "6455 §4.1", "Sec-WebSocket-Protocol"),
      header("Extensions", "6455 §4.1", "Sec-WebSocket-Extensions"),
      header("FieldOfALaterRfc", "6455 §11.3", "Sec-WebSocket-New"),
      header("ContentLength", "9112 §6", "Content-Length"),
      header("TransferEncoding", "9112 §6", "Transfer-Encoding"),
      header("ExpectWithoutContent", "9110 §10.1.1", "Expect"),
      {{"OriginTwice", "6455 §4.1"},
       "headers",
       [](ClientOptions& options) {
         options.origin = "https://a";
         options.headers = {{"origin", "https://b"}};
       }},
      {{"CookieTwice", "6265 §5.4"},
       "headers",
       [](ClientOptions& options) {
         options.cookies = {{"a", "b"}};
         options.headers = {{"COOKIE", "c=d"}};
       }},
      cookie("EmptyCookieName", "", "b"),
      cookie("CookieNameWithEquals", "a=b", "c"),
      cookie("CookieNameWithSemicolon", "a;b", "c"),
      cookie("CookieValueWithSemicolon", "a", "b; c=d"),
      cookie("CookieValueWithLineBreak", "a", "b\r\nX: y"),
  };
}

class HandshakeOption : public testing::TestWithParam<BadOption> {};

TEST_P(HandshakeOption, IsRejectedByName) {
  ClientOptions options;
  GetParam().set(options);
  try {
    check_handshake_options(options);
    ADD_FAILURE() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("option " + GetParam().option + ": ")) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, HandshakeOption, testing::ValuesIn(bad_options()), RowName());

TEST(HandshakeOptions, WhatCanBeSentIsAccepted) {
  ClientOptions options;
  options.subprotocols = {"v1.example", "V1.example"};
  options.headers = {{"Origin", "https://a"}, {"Cookie", "a=b; c=d"}, {"X", ""}, {"X", "\xc3\xa9\t "}};
  EXPECT_NO_THROW(check_handshake_options(options));
  options.headers = {};
  options.origin = "https://a";
  options.cookies = {{"a", ""}, {"a", "b=\", {c}"}};
  EXPECT_NO_THROW(check_handshake_options(options));
}

// ---- The response

constexpr std::string_view kUpgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
constexpr std::string_view kAccept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

std::string switching(std::string_view fields) {
  return std::string("HTTP/1.1 101 X\r\n").append(fields).append("\r\n");
}

std::string correct(std::string_view more) { return switching(std::string(kUpgrade).append(kAccept).append(more)); }

std::string judged(std::string_view stream, const ClientOptions& options) {
  const ExactBlock block(stream);
  ResponseHead head;
  if (head.parse(block.view(), kLimits) != HeadProgress::complete) return "no head";
  const ResponseVerdict verdict = judge_response(head, {.key = kKey, .options = options});
  switch (verdict.kind) {
    case Kind::refused:
      return "refused";
    case Kind::broken:
      EXPECT_NE(verdict.fault, ResponseFault::none);
      return std::string(info_of(verdict.fault).text);
    case Kind::accepted:
      break;
  }
  std::string out = "accepted";
  if (!verdict.subprotocol.empty()) out.append(" ").append(verdict.subprotocol);
  if (verdict.deflate) out.append(" ").append(verdict.deflate->to_string());
  return out;
}

struct Row {
  Source source;
  std::string stream;
  std::string expected;
  ClientOptions options = {};
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

Row broken(Source source, std::string stream, ResponseFault fault, const ClientOptions& options = {}) {
  return {source, std::move(stream), std::string(info_of(fault).text), options};
}

std::vector<Row> rows() {
  const std::string upgrade(kUpgrade), accept(kAccept);
  ClientOptions chat;
  chat.subprotocols = {"chat", "v2"};
  const std::string deflate = "Sec-WebSocket-Extensions: permessage-deflate";
  const std::string alone = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  return {
      {{"Correct", "6455 §4.2.2", 61}, correct(""), "accepted"},
      {{"ValuesWithoutCase", "6455 §4.1", 61},
       switching("uPGRADE: WebSocket\r\nconnection: keep-alive, uPGRADE\r\nsec-websocket-accept: \t "
                 "s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \t\r\n"),
       "accepted"},
      {{"HigherMinorVersion", "9110 §2.5"}, "HTTP/1.2" + correct("").substr(8), "accepted"},
      {{"OtherFields", "6455 §4.2.2"}, correct("Server: x\r\nSet-Cookie: a=b\r\n"), "accepted"},
      {{"NoSubprotocolChosen", "6455 §4.2.2", 62}, correct(""), "accepted", chat},
      {{"Subprotocol", "6455 §4.2.2", 62}, correct("Sec-WebSocket-Protocol: v2 \r\n"), "accepted v2", chat},
      {{"DeflateDeclined", "7692 §5"}, correct(""), "accepted", with_deflate()},
      {{"Deflate", "7692 §7.1", 96},
       correct(deflate + "; server_no_context_takeover\r\n"),
       "accepted " + alone,
       with_deflate()},
      {{"Redirect", "6455 §4.1"}, "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "refused"},
      {{"Unauthorized", "6455 §4.1"}, "HTTP/1.1 401 X\r\n\r\n", "refused"},
      {{"OkWithEverything", "6455 §4.1"}, "HTTP/1.1 200" + correct("").substr(12), "refused"},
      {{"RefusedInHttp10", "6455 §4.1"}, "HTTP/1.0 503 X\r\n\r\n", "refused"},
      broken({"Http10", "9110 §15.2", 61}, "HTTP/1.0" + correct("").substr(8), ResponseFault::switching_in_http_1_0),
      broken({"NoUpgrade", "6455 §4.1", 61}, switching("Connection: Upgrade\r\n" + accept),
             ResponseFault::upgrade_not_websocket),
      broken({"UpgradeToAnother", "6455 §4.1", 61}, switching("Upgrade: h2c\r\nConnection: Upgrade\r\n" + accept),
             ResponseFault::upgrade_not_websocket),
      broken({"UpgradeList", "6455 §4.1", 61}, switching("Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n" + accept),
             ResponseFault::upgrade_not_websocket),
      broken({"UpgradeTwice", "6455 §4.1", 61}, correct("Upgrade: websocket\r\n"),
             ResponseFault::upgrade_not_websocket),
      broken({"NoConnection", "6455 §4.1", 61}, switching("Upgrade: websocket\r\n" + accept),
             ResponseFault::connection_without_upgrade),
      broken({"ConnectionWithoutUpgrade", "6455 §4.1", 61},
             switching("Upgrade: websocket\r\nConnection: close, upgrades\r\n" + accept),
             ResponseFault::connection_without_upgrade),
      broken({"NoAccept", "6455 §4.1", 61}, switching(upgrade), ResponseFault::accept_missing),
      broken({"AcceptTwice", "6455 §11.3.3", 61}, correct(accept), ResponseFault::accept_repeated),
      broken({"AcceptOfAnotherKey", "6455 §4.1", 61},
             switching(upgrade + "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n"),
             ResponseFault::accept_wrong),
      broken({"EmptyAccept", "6455 §4.1", 61}, switching(upgrade + "Sec-WebSocket-Accept:\r\n"),
             ResponseFault::accept_wrong),
      broken({"AcceptInAnotherCase", "6455 §4.1", 61},
             switching(upgrade + "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n"),
             ResponseFault::accept_wrong),
      broken({"AcceptWithMoreBehind", "6455 §4.1", 61},
             switching(upgrade + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, x\r\n"),
             ResponseFault::accept_wrong),
      broken({"AcceptIsTheKey", "6455 §4.1", 61},
             switching(upgrade + "Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n"), ResponseFault::accept_wrong),
      broken({"SubprotocolUnasked", "6455 §4.1", 62}, correct("Sec-WebSocket-Protocol: chat\r\n"),
             ResponseFault::subprotocol_not_offered),
      broken({"SubprotocolNotOffered", "6455 §4.1", 62}, correct("Sec-WebSocket-Protocol: v3\r\n"),
             ResponseFault::subprotocol_not_offered, chat),
      broken({"SubprotocolInAnotherCase", "6455 §4.1", 62}, correct("Sec-WebSocket-Protocol: Chat\r\n"),
             ResponseFault::subprotocol_not_offered, chat),
      broken({"EmptySubprotocol", "6455 §4.1", 62}, correct("Sec-WebSocket-Protocol:\r\n"),
             ResponseFault::subprotocol_not_offered, chat),
      broken({"AllThatWereOffered", "6455 §4.2.2", 62}, correct("Sec-WebSocket-Protocol: chat, v2\r\n"),
             ResponseFault::subprotocol_not_offered, chat),
      broken({"SubprotocolTwice", "6455 §11.3.4", 62},
             correct("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n"),
             ResponseFault::subprotocol_repeated, chat),
      broken({"ExtensionUnasked", "6455 §4.1", 62}, correct(deflate + "\r\n"), ResponseFault::extension_not_offered),
      broken({"OtherExtension", "6455 §4.1", 62}, correct("Sec-WebSocket-Extensions: foo\r\n"),
             ResponseFault::extension_not_offered, with_deflate()),
      broken({"DeflateParameterUnknown", "7692 §7", 96}, correct(deflate + "; server_no_context_takeover; x\r\n"),
             ResponseFault::deflate_parameter, with_deflate()),
      broken({"TakeoverNotDeclined", "7692 §7.1.1.1", 96}, correct(deflate + "\r\n"),
             ResponseFault::server_takeover_not_declined, with_deflate()),
  };
}

class HandshakeAnswer : public testing::TestWithParam<Row> {};

TEST_P(HandshakeAnswer, IsJudged) { EXPECT_EQ(judged(GetParam().stream, GetParam().options), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(Rows, HandshakeAnswer, testing::ValuesIn(rows()), RowName());

TEST(HandshakeAnswers, EveryChangedByteOfTheAcceptValueBreaksIt) {  // RFC 6455 §4.1 /4/, checklist 61
  const std::string stream = correct("");
  const std::size_t begin = stream.find("s3pP");
  for (std::size_t i = begin; i < begin + 28; ++i) {
    std::string changed = stream;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(judged(changed, {}), info_of(ResponseFault::accept_wrong).text) << i;
  }
}

TEST(HandshakeAnswers, EveryFaultNamesItsSection) {
  for (auto i = static_cast<int>(ResponseFault::none) + 1;
       i <= static_cast<int>(ResponseFault::client_window_above_offer); ++i) {
    const ResponseFaultInfo& info = info_of(static_cast<ResponseFault>(i));
    EXPECT_NE(info.text.find(info.limit ? "max_" : "(RFC "), std::string_view::npos) << info.text;
  }
}

}  // namespace
}  // namespace mote::proto
