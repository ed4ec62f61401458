#include "proto/handshake.h"

#include <gtest/gtest.h>

#include <openssl/evp.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using namespace std::string_view_literals;
using Kind = UpgradeVerdict::Kind;
using mote::test::ExactBlock;
using mote::test::Feeding;
using mote::test::for_every_feeding;
using mote::test::RowName;
using mote::test::Source;

constexpr HeadLimits kLimits{.head_bytes = 64 * 1024, .header_lines = 100, .target_bytes = 4096};
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 §1.3

std::string summary(const RequestHead& head, const UpgradePolicy& policy) {
  const UpgradeVerdict verdict = judge_upgrade(head, policy);
  switch (verdict.kind) {
    case Kind::not_an_upgrade:
      return "plain";
    case Kind::refuse:
      return std::to_string(verdict.refusal.status).append(" ").append(verdict.refusal.text);
    case Kind::accept:
      break;
  }
  EXPECT_EQ(verdict.key.size(), 24U);
  return std::string("accept ").append(verdict.subprotocol);
}

std::string outcome(std::string_view stream, const Feeding& feeding, const UpgradePolicy& policy) {
  RequestHead head;
  for (const std::size_t arrived : feeding) {
    const ExactBlock block(stream.substr(0, arrived));
    const HeadProgress progress = head.parse(block.view(), kLimits);
    if (progress == HeadProgress::complete) return summary(head, policy);
    if (progress == HeadProgress::refused) return std::string("head: ").append(head.refusal().text);
  }
  return "incomplete";
}

std::string outcome(std::string_view stream, const UpgradePolicy& policy = {}) {
  return outcome(stream, mote::test::at_once(stream.size()), policy);
}

std::string refused(Fault fault) {
  const Refusal& refusal = refusal_for(fault);
  return std::to_string(refusal.status).append(" ").append(refusal.text);
}

// A request with these fields after Host.
std::string request(std::string_view fields, std::string_view request_line = "GET /chat HTTP/1.1") {
  std::string out;
  return out.append(request_line).append("\r\nHost: a\r\n").append(fields).append("\r\n");
}

constexpr std::string_view kUpgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
constexpr std::string_view kVersion = "Sec-WebSocket-Version: 13\r\n";
constexpr std::string_view kKeyLine = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out.append(part);
  return out;
}

// A correct handshake with these fields added.
std::string handshake(std::string_view more = {}) { return request(joined({kUpgrade, kVersion, kKeyLine, more})); }

struct Row {
  Source source;
  std::string stream;
  std::optional<Fault> fault = std::nullopt;  // none: accepted, or plain
  int status = 0;
  std::string_view verdict = "accept ";
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

Row with_version(const char* name, std::string_view line, Fault fault, int status, int checklist) {
  return {{name, "6455 §4.2.1", checklist}, request(joined({kUpgrade, kKeyLine, line})), fault, status};
}

Row with_key(const char* name, std::string_view line) {
  return {{name, "6455 §4.2.1", 41}, request(joined({kUpgrade, kVersion, line})), Fault::invalid_key, 400};
}

Row with_upgrade(const char* name, int checklist, std::string_view lines) {
  return {{name, "6455 §4.2.1", checklist}, request(joined({lines, kVersion, kKeyLine}))};
}

Row plain(Row row) {
  row.verdict = "plain";
  return row;
}

Row refused_with(Row row, Fault fault, int status) {
  row.fault = fault;
  row.status = status;
  return row;
}

Row extensions(const char* name, int checklist, std::string_view value) {
  return {{name, "6455 §9.1", checklist}, handshake(joined({"Sec-WebSocket-Extensions: ", value, "\r\n"}))};
}

Row malformed_extensions(const char* name, int checklist, std::string_view value) {
  return refused_with(extensions(name, checklist, value), Fault::malformed_extensions, 400);
}

Row subprotocols(const char* name, std::string_view value) {
  return {{name, "6455 §4.1 /10/", 50},
          handshake(joined({"Sec-WebSocket-Protocol: ", value, "\r\n"})),
          Fault::malformed_subprotocols,
          400};
}

const Row kRows[] = {
    {{"Minimal", "6455 §4.2.1", 38}, handshake()},
    // Upgrade and Connection
    with_upgrade("WithoutCase", 39, "upgrade: WebSocket\r\nconnection: UPGRADE\r\n"),
    with_upgrade("ProtocolNameInCapitals", 32, "Upgrade: WEBSOCKET\r\nConnection: Upgrade\r\n"),
    with_upgrade("InLists", 40, "Upgrade: h2c, websocket\r\nConnection: keep-alive, Upgrade\r\n"),
    with_upgrade("InSeveralFields", 40,
                 "Upgrade: h2c\r\nUpgrade: websocket\r\nConnection: close\r\nConnection: upgrade\r\n"),
    with_upgrade("WithEmptyElements", 28, "Upgrade: ,, websocket ,\r\nConnection: ,\t,Upgrade,,\r\n"),
    plain(with_upgrade("NoUpgrade", 39, "Connection: Upgrade\r\n")),
    plain(with_upgrade("UpgradeToSomethingElse", 31, "Upgrade: h2c\r\nConnection: Upgrade\r\n")),
    plain(with_upgrade("UpgradeToALongerName", 31, "Upgrade: websockets\r\nConnection: Upgrade\r\n")),
    plain(with_upgrade("UpgradeToAVersion", 31, "Upgrade: websocket/13\r\nConnection: Upgrade\r\n")),
    plain(with_upgrade("UpgradeInQuotes", 31, "Upgrade: \"a,websocket,\"\r\nConnection: Upgrade\r\n")),
    refused_with(with_upgrade("NoConnection", 40, "Upgrade: websocket\r\n"), Fault::connection_without_upgrade, 400),
    refused_with(with_upgrade("ConnectionWithoutUpgrade", 40, "Upgrade: websocket\r\nConnection: keep-alive\r\n"),
                 Fault::connection_without_upgrade, 400),
    refused_with(with_upgrade("ConnectionWithALongerName", 40, "Upgrade: websocket\r\nConnection: upgrades\r\n"),
                 Fault::connection_without_upgrade, 400),
    plain(
        {{"UpgradeInHttp10", "9110 §7.8", 30}, request(joined({kUpgrade, kVersion, kKeyLine}), "GET /chat HTTP/1.0")}),
    {{"Head", "6455 §4.2.1", 38},
     request(joined({kUpgrade, kVersion, kKeyLine}), "HEAD /chat HTTP/1.1"),
     Fault::handshake_method,
     405},
    // version
    with_version("NoVersion", "", Fault::invalid_version, 400, 43),
    with_version("VersionTwice", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n", Fault::invalid_version,
                 400, 44),
    with_version("VersionList", "Sec-WebSocket-Version: 13, 8\r\n", Fault::invalid_version, 400, 44),
    with_version("EmptyVersion", "Sec-WebSocket-Version: \r\n", Fault::invalid_version, 400, 43),
    with_version("VersionWithLeadingZero", "Sec-WebSocket-Version: 013\r\n", Fault::invalid_version, 400, 43),
    with_version("VersionWithSign", "Sec-WebSocket-Version: +13\r\n", Fault::invalid_version, 400, 43),
    with_version("VersionTooLarge", "Sec-WebSocket-Version: 256\r\n", Fault::invalid_version, 400, 43),
    with_version("VersionOfFourDigits", "Sec-WebSocket-Version: 1300\r\n", Fault::invalid_version, 400, 43),
    with_version("Version0", "Sec-WebSocket-Version: 0\r\n", Fault::unsupported_version, 426, 45),
    with_version("Version8", "Sec-WebSocket-Version: 8\r\n", Fault::unsupported_version, 426, 45),
    with_version("Version14", "Sec-WebSocket-Version: 14\r\n", Fault::unsupported_version, 426, 45),
    with_version("Version255", "Sec-WebSocket-Version: 255\r\n", Fault::unsupported_version, 426, 45),
    {{"OtherVersionHasItsOwnKey", "6455 §4.4", 45},
     request(joined({kUpgrade, "Sec-WebSocket-Version: 7\r\n"})),
     Fault::unsupported_version,
     426},
    // key
    with_key("NoKey", ""),
    with_key("EmptyKey", "Sec-WebSocket-Key: \r\n"),
    with_key("KeyOf15Bytes", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n"),
    with_key("KeyOf17Bytes", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=\r\n"),
    with_key("KeyOf18Bytes", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA\r\n"),
    with_key("KeyWithoutPadding", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n"),
    with_key("KeyWithTooMuchPadding", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ===\r\n"),
    with_key("KeyNotCanonical", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n"),
    with_key("KeyInBase64Url", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-_==\r\n"),
    with_key("KeyWithSpace", "Sec-WebSocket-Key: dGhlIHNhbXBs SBub25jZQ==\r\n"),
    with_key("KeyWithPaddingInside", "Sec-WebSocket-Key: dGhlIHNhbXBs=SBub25jZQ==\r\n"),
    {{"KeyTwice", "6455 §11.3.1", 42}, handshake(kKeyLine), Fault::invalid_key, 400},
    with_key("KeyWithUnderscores", "Sec_WebSocket_Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
    // content
    {{"ContentLength", "6455 §4.2.1", 38}, handshake("Content-Length: 5\r\n"), Fault::handshake_with_body, 400},
    {{"ContentLengthOfZero", "6455 §4.2.1", 38}, handshake("Content-Length: 0\r\n")},
    {{"Chunked", "6455 §4.2.1", 38}, handshake("Transfer-Encoding: chunked\r\n"), Fault::handshake_with_body, 400},
    {{"ExpectContinue", "9110 §7.8", 33}, handshake("Expect: 100-continue\r\n")},
    // extensions
    extensions("Extension", 51, "permessage-deflate"),
    extensions("ExtensionWithParameters", 52, "permessage-deflate; client_max_window_bits; server_max_window_bits=10"),
    extensions("ExtensionList", 54, "a, b;c , ,d;e=f\r\nSec-WebSocket-Extensions: g"),
    extensions("ExtensionWithSpaces", 52, "a\t;  b = c ;d= \"e\" , f"),
    extensions("QuotedToken", 53, "a; b=\"c\""),
    extensions("QuotedTokenWithEscape", 29, R"(a; b="\c\d")"),
    malformed_extensions("NoExtension", 52, ""),
    malformed_extensions("OnlyEmptyExtensions", 52, ", ,"),
    malformed_extensions("NoParameterName", 52, "a;"),
    malformed_extensions("NoParameterNameBetween", 52, "a;;b"),
    malformed_extensions("NoExtensionName", 52, "; a"),
    malformed_extensions("NoParameterValue", 52, "a; b="),
    malformed_extensions("NoParameterValueBetween", 52, "a; b=; c"),
    malformed_extensions("TwoWords", 52, "a b"),
    malformed_extensions("TwoValues", 52, "a; b=c d"),
    malformed_extensions("ValueOfAName", 52, "a=b"),
    malformed_extensions("SecondFieldMalformed", 54, "a\r\nSec-WebSocket-Extensions: b;"),
    malformed_extensions("QuotedSpace", 53, "a; b=\"c d\""),
    malformed_extensions("QuotedComma", 53, "a; b=\"c,d\""),
    malformed_extensions("QuotedEscapedQuote", 53, R"(a; b="c\"d")"),
    malformed_extensions("QuotedNothing", 53, "a; b=\"\""),
    malformed_extensions("UnclosedQuote", 53, "a; b=\"c"),
    malformed_extensions("UnclosedEscape", 53, R"(a; b="c\)"),
    malformed_extensions("TextAfterQuote", 53, "a; b=\"c\"d"),
    malformed_extensions("NonAsciiExtension", 52, "\xc3\xa9"),
    // subprotocols, origin
    subprotocols("EmptySubprotocol", ""),
    subprotocols("OnlyEmptySubprotocols", " , ,"),
    subprotocols("SubprotocolWithSpace", "a b"),
    subprotocols("SubprotocolInQuotes", "\"a\""),
    subprotocols("NonAsciiSubprotocol", "\xc3\xa9"),
    subprotocols("SubprotocolTwice", "a, b, a"),
    subprotocols("SubprotocolTwiceOverFields", "a\r\nSec-WebSocket-Protocol: a"),
    {{"Subprotocols", "6455 §11.3.4", 50}, handshake("Sec-WebSocket-Protocol: a, A,\r\nSec-WebSocket-Protocol: b\r\n")},
    {{"AnyOrigin", "6455 §10.2", 47}, handshake("Origin: null\r\n")},
    {{"OriginTwice", "6455 §10.2", 47}, handshake("Origin: a\r\nOrigin: a\r\n"), Fault::repeated_origin, 400},
};

class UpgradeRequest : public ::testing::TestWithParam<Row> {};

TEST_P(UpgradeRequest, IsJudgedTheSameHoweverItIsCut) {
  const Row& row = GetParam();
  SCOPED_TRACE(row.source);
  EXPECT_EQ(row.fault ? refusal_for(*row.fault).status : 0, row.status);
  const std::string expected = row.fault ? refused(*row.fault) : std::string(row.verdict);
  for_every_feeding(row.stream.size(), [&](const Feeding& feeding) {
    EXPECT_EQ(outcome(row.stream, feeding, {}), expected) << "first read: " << feeding.front();
  });
}

INSTANTIATE_TEST_SUITE_P(Handshake, UpgradeRequest, ::testing::ValuesIn(kRows), RowName());

TEST(Handshake, ServesOnePathWhereOneIsSet) {  // RFC 6455 §4.2.2, checklist 46
  const UpgradePolicy policy{.endpoint_path = "/chat"};
  const std::string fields = joined({kUpgrade, kVersion, kKeyLine});
  EXPECT_EQ(outcome(request(fields, "GET /chat HTTP/1.1"), policy), "accept ");
  EXPECT_EQ(outcome(request(fields, "GET /chat?room=1 HTTP/1.1"), policy), "accept ");
  EXPECT_EQ(outcome(request(fields, "GET http://b/chat HTTP/1.1"), policy), "accept ");
  for (const std::string_view path : {"/", "/chat/", "/chatter", "/Chat", "//chat", "/cha%74", "/x?/chat"}) {
    EXPECT_EQ(outcome(request(fields, joined({"GET ", path, " HTTP/1.1"})), policy), refused(Fault::unknown_endpoint))
        << path;
  }
}

/// Its low four bits are not used (RFC 4648 §3.5), and each of the 16 bytes has one encoding only.
TEST(Handshake, OfAKeyTheLastLetterIsOneOfFour) {  // RFC 6455 §4.2.1, checklist 41
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t value = 0; value < letters.size(); ++value) {
    const std::string key = std::string("dGhlIHNhbXBsZSBub25jZ").append(1, letters[value]).append("==");
    const std::string fields = joined({kUpgrade, kVersion, "Sec-WebSocket-Key: ", key, "\r\n"});
    EXPECT_EQ(outcome(request(fields), {}), value % 16 == 0 ? "accept " : refused(Fault::invalid_key)) << key;
  }
}

TEST(Handshake, MalformedComesBeforeUnwanted) {
  const std::vector<std::string> origins = {"https://a"};
  const UpgradePolicy policy{.origins = origins, .endpoint_path = "/elsewhere"};
  EXPECT_EQ(outcome(request(joined({kUpgrade, kVersion})), policy), refused(Fault::invalid_key));
  EXPECT_EQ(outcome(handshake(), policy), refused(Fault::unknown_endpoint));
}

TEST(Handshake, ComparesOriginsExactly) {  // RFC 6455 §10.2, checklist 47; attack 24
  const std::vector<std::string> origins = {"https://example.org", "http://localhost:3000"};
  const UpgradePolicy policy{.origins = origins};
  const auto with = [&](std::string_view value) {
    return outcome(handshake(joined({"Origin: ", value, "\r\n"})), policy);
  };
  EXPECT_EQ(with("https://example.org"), "accept ");
  EXPECT_EQ(with("http://localhost:3000"), "accept ");
  for (const std::string_view origin :
       {"", "null", "http://example.org", "https://example.org:443", "https://example.org/", "https://example.org.evil",
        "https://evil.example.org", "https://EXAMPLE.org", "https://example", "example.org", "https://example.org a",
        "https://example.org, http://localhost:3000", "http://localhost", "http://localhost:30000"}) {
    EXPECT_EQ(with(origin), refused(Fault::refused_origin)) << origin;
  }
  EXPECT_EQ(outcome(handshake(), policy), refused(Fault::refused_origin)) << "no Origin";
  EXPECT_EQ(with("https://example.org\r\nOrigin: https://example.org"), refused(Fault::repeated_origin));
}

struct SubprotocolRow {
  const char* name;
  std::string_view lines;
  std::vector<std::string> spoken;
  std::string_view chosen;
};

TEST(Handshake, ChoosesTheFirstSubprotocolThatTheClientLists) {  // RFC 6455 §4.2.2 /4/, checklist 50
  const SubprotocolRow rows[] = {
      {"the client's order", "Sec-WebSocket-Protocol: b, a\r\n", {"a", "b"}, "b"},
      {"only some in common", "Sec-WebSocket-Protocol: x, y, a\r\n", {"a", "b"}, "a"},
      {"in a second field", "Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: a\r\n", {"a"}, "a"},
      {"with case", "Sec-WebSocket-Protocol: A\r\n", {"a"}, ""},
      {"nothing in common", "Sec-WebSocket-Protocol: x\r\n", {"a"}, ""},
      {"part of a name", "Sec-WebSocket-Protocol: ab\r\n", {"a", "abc"}, ""},
      {"none offered", "", {"a"}, ""},
      {"none spoken", "Sec-WebSocket-Protocol: x\r\n", {}, ""},
  };
  for (const SubprotocolRow& row : rows) {
    SCOPED_TRACE(row.name);
    const std::string stream = handshake(row.lines);
    EXPECT_EQ(outcome(stream, {.subprotocols = row.spoken}), std::string("accept ").append(row.chosen));
    const UpgradePolicy strict{.subprotocols = row.spoken, .subprotocol_mismatch = SubprotocolMismatch::refuse};
    EXPECT_EQ(outcome(stream, strict),
              row.chosen.empty() ? refused(Fault::no_common_subprotocol) : std::string("accept ").append(row.chosen));
  }
}

TEST(Handshake, TheChosenSubprotocolOutlivesTheRequest) {
  const std::vector<std::string> spoken = {"chat"};
  UpgradeVerdict verdict;
  {
    const ExactBlock block(handshake("Sec-WebSocket-Protocol: chat\r\n"));
    RequestHead head;
    ASSERT_EQ(head.parse(block.view(), kLimits), HeadProgress::complete);
    verdict = judge_upgrade(head, {.subprotocols = spoken});
    EXPECT_EQ(verdict.key, kKey);
  }
  EXPECT_EQ(verdict.subprotocol, "chat");
}

TEST(Handshake, ComputesTheAcceptValue) {  // RFC 6455 §1.3, §4.2.2 /5/, checklist 48
  EXPECT_EQ(accept_value(kKey), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(accept_value("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

TEST(Handshake, ComputesAcceptValuesInAnyThread) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 200; ++j) EXPECT_EQ(accept_value(kKey), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Handshake, SwitchesProtocols) {  // RFC 6455 §4.2.2, RFC 9110 §15.2.2; checklist 34, 48, 49, 50, 51
  std::string out = "before;";
  append_switching_protocols(out, kKey, {}, "");
  EXPECT_EQ(out,
            "before;"
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "\r\n");
  out.clear();
  append_switching_protocols(out, kKey, {.subprotocol = "chat"}, "Set-Cookie: a=b\r\n");
  EXPECT_TRUE(out.ends_with("\r\nSec-WebSocket-Protocol: chat\r\nSet-Cookie: a=b\r\n\r\n")) << out;
  EXPECT_EQ(out.find("Sec-WebSocket-Extensions"), std::string::npos);
}

TEST(Handshake, FindsAnOfferedSubprotocol) {
  const Headers headers("A: x\r\nSec-WebSocket-Protocol: a, b\r\nsec-websocket-protocol: c\r\n");
  for (const std::string_view name : {"a", "b", "c"}) EXPECT_TRUE(offers_subprotocol(headers, name)) << name;
  for (const std::string_view name : {"", "x", "A", "a, b"}) EXPECT_FALSE(offers_subprotocol(headers, name)) << name;
}

std::string repeated(std::string_view pattern, std::size_t size) {
  std::string out;
  while (out.size() < size) out.append(pattern);
  return out;
}

// Attack 19, 20: whatever 8 KiB hold, they get an answer, the same in every line that is a list.
TEST(Handshake, AnswersListsMadeToBeSlow) {
  constexpr std::size_t kSize = 8192;
  for (const std::string_view name : {"Upgrade", "Connection", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol",
                                      "Expect", "Cookie", "Sec-WebSocket-Key", "Origin"}) {
    for (const std::string_view pattern : {","sv, " "sv, "\\"sv, "\""sv, "\"\\"sv, " ,"sv, "a;"sv, "a ;\t"sv, "a="sv,
                                           ";a=\"b\""sv, "a,"sv, "\t,\" "sv, "\xff"sv, "A"sv}) {
      const std::string stream = handshake(joined({name, ": ", repeated(pattern, kSize), "\r\n"}));
      EXPECT_NE(outcome(stream), "incomplete");
      EXPECT_FALSE(outcome(stream).starts_with("head:")) << name << pattern;
    }
  }
}

TEST(Handshake, FindsADuplicateAmongThousandsOfSubprotocols) {
  std::string names;
  for (int i = 0; i < 4000; ++i) names += "p" + std::to_string(i) + ",";
  EXPECT_EQ(outcome(handshake(joined({"Sec-WebSocket-Protocol: ", names, "\r\n"}))), "accept ");
  EXPECT_EQ(outcome(handshake(joined({"Sec-WebSocket-Protocol: ", names, "p17\r\n"}))),
            refused(Fault::malformed_subprotocols));
}

TEST(Handshake, KnowsTheFieldsOfTheResponse) {
  for (const std::string_view name : {"Upgrade", "connection", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions",
                                      "Sec-WebSocket-Protocol", "Sec-WebSocket-Version", "Date", "Content-Length"}) {
    EXPECT_TRUE(handshake_field(name)) << name;
  }
  EXPECT_FALSE(handshake_field("Set-Cookie"));
}

// In a process of its own: the digest is fetched once in a process's life.
TEST(HandshakeDeathTest, SaysSoWhereOpensslHasNoSha1) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto without_sha1 = [] {
    EVP_set_default_properties(nullptr, "provider=none");
    try {
      require_accept_value();
    } catch (const std::runtime_error& error) {
      std::fputs(error.what(), stderr);
      std::exit(0);
    }
    std::exit(1);
  };
  EXPECT_EXIT(without_sha1(), testing::ExitedWithCode(0), "cannot compute SHA-1");
}

}  // namespace
}  // namespace mote::proto
