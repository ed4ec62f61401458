// `wss://`, RFC 6455 §10.6 and RFC 9325: versions, ciphers, ALPN and sessions.

#include <gtest/gtest.h>

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/process_facts.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"
#include "tests/support/tls_client.h"
#include "tests/support/wss_server.h"

namespace mote {
namespace {

using test::CapturedLog;
using test::ConnectionEnded;
using test::echo_handlers;
using test::eventually;
using test::expect_echo;
using test::Identity;
using test::Journal;
using test::KeyKind;
using test::Purpose;
using test::RawClient;
using test::refusal;
using test::RunningServer;
using test::test_root;
using test::TlsClient;
using test::TlsEngine;
using test::TlsSetup;
using test::WssServer;
using Lines = std::vector<std::string>;

constexpr std::array kVersions = {TLS1_2_VERSION, TLS1_3_VERSION};

/// A client of this version alone that trusts test_root and asks for test.example.
TlsSetup setup_of(int version) {
  return {.min_version = version,
          .max_version = version,
          .server_name = "test.example",
          .ca_pem = test_root().certificate_pem()};
}

/// Handlers that echo, and write down what info() says of TLS.
Handlers telling(Journal& journal) {
  Handlers handlers = echo_handlers();
  handlers.on_open = [&](Connection& socket) {
    const std::optional<TlsInfo> tls = socket.info().tls;
    if (!tls) return journal.add("no TLS");
    journal.add(std::string(tls->version)
                    .append(" ")
                    .append(tls->cipher)
                    .append(" for '")
                    .append(tls->server_name)
                    .append("' from '")
                    .append(tls->peer_subject)
                    .append("'"));
  };
  return handlers;
}

TEST(Tls, BothVersionsEchoAndSayWhatWasAgreedOn) {  // RFC 6455 §10.6, checklist 56
  Journal journal;
  WssServer server(telling(journal));
  EXPECT_EQ(server->location(), "wss://127.0.0.1:" + std::to_string(server.port()));
  for (const int version : kVersions) {
    auto client = TlsClient::open(server.port(), setup_of(version));
    expect_echo(client);
    EXPECT_EQ(client.tls().version(), version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(journal.lines().back(),
              client.tls().version().append(" ").append(client.tls().cipher()) + " for 'test.example' from ''");
  }
}

TEST(Tls, ThereIsNoneOverPlainTcp) {
  Journal journal;
  RunningServer server(telling(journal));
  auto client = RawClient::open(server.port());
  expect_echo(client);
  EXPECT_EQ(journal.lines(), Lines{"no TLS"});
}

TEST(Tls, PlainHttpPagesAreServedOverItToo) {  // RFC 6455 §4.2.2, checklist 55
  WssServer server(echo_handlers(), {}, [](Server& made) { made.serve("/", "text/plain", std::string(100'000, 'p')); });
  auto client = TlsClient::connect(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: test.example\r\n\r\n");
    EXPECT_TRUE(client.read_response().ends_with("\r\n\r\n" + std::string(100'000, 'p')));
  }
  client.upgrade();
  expect_echo(client);
}

TEST(Tls, ARefusedRequestIsAnsweredAndTheEndIsClean) {
  const CapturedLog log;
  WssServer server(echo_handlers());
  auto client = TlsClient::connect(server.port());
  client.send("BREW / HTTP/1.1\r\nHost: test.example\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 "));
  EXPECT_TRUE(client.tls().received_close_notify());
  EXPECT_FALSE(client.was_reset());
}

TEST(Tls, OlderVersionsAreRefused) {  // RFC 9325 §3.1.1
  const CapturedLog log;
  WssServer server(echo_handlers());
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    TlsSetup old = setup_of(version);
    old.ciphers = "DEFAULT@SECLEVEL=0";
    EXPECT_EQ(refusal(server.port(), old), SSL_AD_PROTOCOL_VERSION);
  }
  EXPECT_TRUE(eventually([&] { return log.size() == 2; }));
}

TEST(Tls, WithTls13AsTheLowestVersionTls12IsRefused) {
  const CapturedLog log;
  WssServer server(echo_handlers(), {.tls = {.min_version = TlsVersion::tls_1_3}});
  EXPECT_EQ(refusal(server.port(), setup_of(TLS1_2_VERSION)), SSL_AD_PROTOCOL_VERSION);
  auto client = TlsClient::open(server.port(), setup_of(TLS1_3_VERSION));
  expect_echo(client);
}

TEST(Tls, OfTls12OnlyForwardSecrecyWithAuthenticatedEncryptionIsTaken) {  // RFC 9325 §4.1, §4.2
  const CapturedLog log;
  const Identity rsa = test_root().issue({.dns_names = {"test.example"}, .key = KeyKind::rsa_2048});
  WssServer server(echo_handlers(), {.tls = test::shown(rsa)});
  for (const auto& [good, name] : std::vector<std::pair<std::string, std::string>>{
           {"ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
           {"ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
           {"ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"}}) {
    TlsSetup setup = setup_of(TLS1_2_VERSION);
    setup.ciphers = good;
    auto client = TlsClient::open(server.port(), setup);
    expect_echo(client);
    EXPECT_EQ(client.tls().cipher(), name);
  }
  for (const char* bad : {"ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384", "AES128-GCM-SHA256", "AES256-SHA",
                          "DHE-RSA-AES128-GCM-SHA256", "AECDH-AES128-SHA", "NULL-SHA256"}) {
    TlsSetup setup = setup_of(TLS1_2_VERSION);
    setup.ciphers = std::string(bad) + "@SECLEVEL=0";
    EXPECT_EQ(refusal(server.port(), setup), SSL_AD_HANDSHAKE_FAILURE) << bad;
  }
}

/// A ClientHello with DEFLATE among its compression methods (RFC 3749), which OpenSSL no longer offers.
std::string hello_with_compression() {
  TlsEngine engine(TlsEngine::Side::client, setup_of(TLS1_2_VERSION));
  static_cast<void>(engine.handshake());
  std::string hello = engine.take_output();
  const auto byte = [&](std::size_t at) { return std::size_t{static_cast<unsigned char>(hello.at(at))}; };
  const auto grow = [&](std::size_t at) { hello.at(at) = static_cast<char>(byte(at) + 1); };  // well below 255
  std::size_t at = 5 + 4 + 2 + 32;                                 // headers, version, random
  at += 1 + byte(at);                                              // session
  at += 2 + byte(at) * 256 + byte(at + 1);                         // ciphers
  if (hello.substr(at, 2) != std::string("\x01\0", 2)) return {};  // one method: none
  hello.replace(at, 2, std::string("\x02\x01\0", 3));
  grow(4);
  grow(8);
  return hello;
}

TEST(Tls, CompressionIsNotAgreedOn) {  // RFC 9325 §3.3, attack 36
  const CapturedLog log;
  WssServer server(echo_handlers());
  RawClient client(server.port());
  const std::string hello = hello_with_compression();
  ASSERT_NE(hello, "");
  client.send(hello);
  const std::string answer = client.read_exactly(5 + 4 + 2 + 32 + 1);
  ASSERT_EQ(answer[5], 2);  // ServerHello
  const std::string rest = client.read_exactly(static_cast<unsigned char>(answer.back()) + 3U);
  EXPECT_EQ(rest.back(), 0);  // behind the session and the cipher
}

TEST(Tls, RenegotiationIsNotDone) {  // RFC 9325 §3.5, attack 36
  const CapturedLog log;
  WssServer server(echo_handlers());
  auto bystander = TlsClient::open(server.port());
  auto client = TlsClient::open(server.port(), setup_of(TLS1_2_VERSION));
  expect_echo(client);
  client.send_ciphertext(client.tls().renegotiate());
  EXPECT_THROW(client.read_frame(), ConnectionEnded);  // an alert, or the end
  expect_echo(bystander);
}

TEST(Tls, AlpnChoosesHttp11AndNothingElse) {  // RFC 7301 §3.2
  const CapturedLog log;
  WssServer server(echo_handlers());
  for (const int version : kVersions) {
    const auto offering = [&](std::vector<std::string> protocols) {
      TlsSetup setup = setup_of(version);
      setup.protocols = std::move(protocols);
      return setup;
    };
    for (const auto& offer : {Lines{"http/1.1"}, Lines{"h2", "http/1.1"}, Lines{"http/1.0", "x", "http/1.1", "h3"}}) {
      auto client = TlsClient::open(server.port(), offering(offer));
      EXPECT_EQ(client.tls().protocol(), "http/1.1");
      expect_echo(client);
    }
    auto silent = TlsClient::open(server.port(), offering({}));
    EXPECT_EQ(silent.tls().protocol(), "");
    expect_echo(silent);
    for (const auto& offer : {Lines{"h2"}, Lines{"http/1.1x", "http/1."}}) {
      EXPECT_EQ(refusal(server.port(), offering(offer)), SSL_AD_NO_APPLICATION_PROTOCOL);
    }
  }
}

/// A client that comes again with the session of the one before it.
TlsClient come_back(std::uint16_t port, TlsSetup setup) {
  auto first = TlsClient::open(port, setup);
  expect_echo(first);  // TLS 1.3: the ticket comes before it
  setup.session = first.tls().session();
  return TlsClient::open(port, setup);
}

TEST(Tls, ASessionIsResumedAndItsInfoIsThatOfTheFirst) {  // RFC 8446 §2.2
  Journal journal;
  WssServer server(telling(journal), {.tls = {.client_certificates = ClientCertificates::requested,
                                              .client_ca_pem = test_root().certificate_pem()}});
  for (const int version : kVersions) {
    TlsSetup setup = setup_of(version);
    setup.identity = test_root().issue({.common_name = "visitor", .organisation = "mote", .purpose = Purpose::client});
    auto client = come_back(server.port(), setup);
    EXPECT_TRUE(client.tls().resumed());
    expect_echo(client);
    const Lines lines = journal.lines();
    EXPECT_EQ(lines.back(), client.tls().version().append(" ").append(client.tls().cipher()) +
                                " for 'test.example' from 'CN=visitor,O=mote'");
    EXPECT_EQ(lines[lines.size() - 2], lines.back());
  }
}

TEST(Tls, WithoutTicketsNoSessionIsResumed) {
  WssServer server(echo_handlers(), {.tls = {.session_tickets = false}});
  for (const int version : kVersions) {
    auto client = come_back(server.port(), setup_of(version));
    EXPECT_FALSE(client.tls().resumed());
    expect_echo(client);
  }
}

/// A session cache would grow with each of them.
TEST(Tls, SessionsAreNotKeptByTheServer) {  // attack 36
  WssServer server(echo_handlers());
  const auto churn = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      auto client = TlsClient::open(server.port(), setup_of(kVersions.at(static_cast<std::size_t>(i % 2))));
      expect_echo(client);
    }
    EXPECT_TRUE(eventually([&] { return server->connection_count() == 0; }));
    server.catch_up();
  };
  churn(100);
  const long before = test::allocated_bytes();
  churn(400);
  EXPECT_LT(test::allocated_bytes() - before, 400L * 400);  // a session that is kept has a kilobyte and more
}

}  // namespace
}  // namespace mote
