// wss:// for clients, RFC 6455 §4.1 /5/: which server is believed, and what becomes of the others.

#include <gtest/gtest.h>

#include <openssl/ssl.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/feed.h"
#include "tests/support/running_client.h"
#include "tests/support/scripted_server.h"
#include "tests/support/wss_server.h"

namespace mote {
namespace {

using test::answer_upgrade;
using test::CapturedLog;
using test::CertificateAuthority;
using test::CertificateTerms;
using test::Frame;
using test::Identity;
using test::Journal;
using test::kNormalClose;
using test::Lines;
using test::Purpose;
using test::RowName;
using test::RunningClient;
using test::ScriptedServer;
using test::server_frame;
using test::Source;
using test::test_root;
using test::TlsPeer;

ClientOptions trusting_the_root() {
  ClientOptions options;
  options.tls.ca_pem = test_root().certificate_pem();
  return options;
}

std::string url_of(std::string_view host, std::uint16_t port) {
  return std::string("wss://").append(host).append(":").append(std::to_string(port));
}

/// Plays a server that is good but for its certificate; answers the name that the client asked for.
std::string serve(ScriptedServer& server, const Identity& identity) {
  TlsPeer peer = server.accept_tls({.identity = identity});
  peer.handshake();
  answer_upgrade(peer);
  EXPECT_EQ(peer.read_frame(), (Frame{1, true, "hello"}));
  peer.send(server_frame(1, "hello to you"));
  peer.send(kNormalClose);
  EXPECT_EQ(peer.read_frame(), (Frame{8, true, "\x03\xE8"}));
  return peer.tls().server_name();
}

RunningClient::Configure greeting() {
  return [](Connection& socket) { socket.on_open([&socket] { socket.send("hello"); }); };
}

struct Good {
  Source source;
  std::string host;
  CertificateTerms terms;
  std::string asked_for;         // SNI
  std::string server_name = {};  // the option
};

void PrintTo(const Good& row, std::ostream* out) { *out << row.source; }

class BelievedCertificate : public testing::TestWithParam<Good> {};

TEST_P(BelievedCertificate, OpensTheConnection) {
  ScriptedServer server;
  ClientOptions options = trusting_the_root();
  options.tls.server_name = GetParam().server_name;
  RunningClient client(url_of(GetParam().host, server.port()), options, greeting());
  const Identity identity = test_root().intermediate("mote test intermediate").issue(GetParam().terms);
  EXPECT_EQ(serve(server, identity), GetParam().asked_for);
  // greeting() has taken the place of on_open's line
  EXPECT_EQ(client.told(), (Lines{"text hello to you", "close 1000 peer clean"}));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BelievedCertificate,
    testing::Values(
        Good{{"OfTheName", "6455 §4.1", 59}, "localhost", {.dns_names = {"localhost"}}, "localhost"},
        Good{{"OfSeveralNames", "6455 §4.1", 59}, "localhost", {.dns_names = {"a.example", "localhost"}}, "localhost"},
        // RFC 6066 §3: an address is no name to ask for.
        Good{{"OfTheAddress", "6455 §4.1", 59}, "127.0.0.1", {.ip_addresses = {"127.0.0.1"}}, ""},
        Good{{"OfTheNameInTheOption", "6455 §4.1", 59},
             "127.0.0.1",
             {.dns_names = {"test.example"}},
             "test.example",
             "test.example"},
        Good{{"WithAWildcard", "6125 §6.4.3", 59},
             "127.0.0.1",
             {.dns_names = {"*.test.example"}},
             "a.test.example",
             "a.test.example"}),
    RowName());

struct Bad {
  Source source;
  CertificateTerms terms;
  const CertificateAuthority& from = test_root();
};

void PrintTo(const Bad& row, std::ostream* out) { *out << row.source; }

class UnbelievedCertificate : public testing::TestWithParam<Bad> {};

TEST_P(UnbelievedCertificate, FailsTheConnectionBeforeTheRequest) {
  const CapturedLog quiet;
  ScriptedServer server;
  RunningClient client(url_of("localhost", server.port()), trusting_the_root());
  TlsPeer peer = server.accept_tls({.identity = GetParam().from.issue(GetParam().terms)});
  std::string request;
  try {
    peer.handshake();
    request = peer.read_head();
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(request, "");
  EXPECT_EQ(client.told(), (Lines{"error tls", "close 1006 handshake"}));
  ASSERT_TRUE(client.error());
  EXPECT_NE(std::string_view(client.error()->what()).find("localhost"), std::string_view::npos)
      << client.error()->what();
}

const CertificateAuthority& stranger() {
  static const CertificateAuthority authority;
  return authority;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, UnbelievedCertificate,
    testing::Values(
        Bad{{"OfAnotherAuthority", "6455 §4.1", 59}, {.dns_names = {"localhost"}}, stranger()},
        Bad{{"OfAnotherName", "6455 §4.1", 59}, {.dns_names = {"localhost.example"}}},
        Bad{{"OfTheNameBehindAWildcard", "6125 §6.4.3", 59}, {.dns_names = {"*.localhost"}}},
        Bad{{"OfTheAddressOnly", "6455 §4.1", 59}, {.ip_addresses = {"127.0.0.1"}}},
        Bad{{"OfTheNameAsCommonNameOnly", "6125 §6.4.4", 59}, {.common_name = "localhost", .dns_names = {"a.example"}}},
        Bad{{"Expired", "6455 §4.1", 59}, {.dns_names = {"localhost"}, .valid_from_days = -30, .valid_to_days = -1}},
        Bad{{"NotYetValid", "6455 §4.1", 59}, {.dns_names = {"localhost"}, .valid_from_days = 1}},
        Bad{{"OfAClient", "5280 §4.2.1.12", 59}, {.dns_names = {"localhost"}, .purpose = Purpose::client}}),
    RowName());

TEST(ClientTls, EverythingGoesThroughIt) {  // RFC 6455 §4.1, §10.6, checklist 56
  test::WssServer server(test::echo_handlers());
  const std::string large(1'000'000, 'x');
  RunningClient client(url_of("127.0.0.1", server.port()), trusting_the_root(), [&](Connection& socket) {
    socket.on_open([&socket, &large] { socket.send(large); });
    socket.on_message([&socket, &large](std::string_view text) {
      EXPECT_TRUE(text == large);
      EXPECT_TRUE(socket.info().tls.has_value());
      socket.close();
    });
  });
  EXPECT_EQ(client.told(), (Lines{"close 1000 local clean"}));
}

TEST(ClientTls, ACertificateMayBeOfAnIpv6Address) {  // RFC 5280 §4.2.1.6
  Options options;
  options.tls = test::shown(test_root().issue({.ip_addresses = {"::1"}}));
  const test::RunningServer server(test::echo_handlers(), options, {}, "wss://[::1]:0");
  RunningClient client(server.url(), trusting_the_root(),
                       [](Connection& socket) { socket.on_open([&socket] { socket.close(); }); });
  EXPECT_EQ(client.told(), (Lines{"close 1000 local clean"}));
}

TEST(ClientTls, ShowsItsCertificateToWhoAsksForOne) {  // RFC 8446 §4.4.2
  Journal subjects;
  Handlers handlers = test::echo_handlers();
  handlers.on_open = [&](const Connection& socket) { subjects.add(socket.info().tls->peer_subject); };
  Options strict;
  strict.tls.client_certificates = ClientCertificates::required;
  strict.tls.client_ca_pem = test_root().certificate_pem();
  const CapturedLog refusals;
  test::WssServer server(std::move(handlers), strict);
  const std::string url = url_of("127.0.0.1", server.port());
  const auto close_at_once = [](Connection& socket) { socket.on_open([&socket] { socket.close(); }); };
  ClientOptions options = trusting_the_root();
  const Identity identity = test_root().intermediate("between").issue(
      {.common_name = "visitor", .organisation = "mote", .purpose = Purpose::client});
  options.tls.certificate = {.certificate_chain_pem = identity.certificate_pem, .private_key_pem = identity.key_pem};
  EXPECT_EQ(RunningClient(url, options, close_at_once).told(), (Lines{"close 1000 local clean"}));
  EXPECT_EQ(RunningClient(url, trusting_the_root()).told(), (Lines{"error tls", "close 1006 handshake"}));
  EXPECT_EQ(subjects.lines(), (Lines{"CN=visitor,O=mote"}));
}

TEST(ClientTls, WhoSpeaksNoTlsIsAnErrorOfTls) {  // checklist 59
  const CapturedLog quiet;
  ScriptedServer server;
  RunningClient client(url_of("127.0.0.1", server.port()), trusting_the_root());
  auto peer = server.accept();
  peer.read_exactly(1);  // of the ClientHello
  peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(client.told(), (Lines{"error tls", "close 1006 handshake"}));
}

/// What `tls.verify` decides, for a server that is believed without it or not.
struct Verdict {
  std::string name;
  bool trusted;
  bool accepts;
  bool throws;
};

class VerifyHook : public testing::TestWithParam<Verdict> {};

TEST_P(VerifyHook, HasTheLastWord) {
  const CapturedLog quiet;
  test::WssServer server(test::echo_handlers(), {.tls = test::shown(test::test_identity())});
  ClientOptions options = trusting_the_root();
  const CertificateAuthority other;
  if (!GetParam().trusted) options.tls.ca_pem = other.certificate_pem();
  ClientTlsOptions::PeerCertificate seen;
  int asked = 0;
  options.tls.verify = [&](const ClientTlsOptions::PeerCertificate& certificate) {
    ++asked;
    seen = certificate;
    if (GetParam().throws) throw std::runtime_error("by the test");
    return GetParam().accepts;
  };
  bool opened = false;
  std::string error;
  Client client;
  client.connect(url_of("127.0.0.1", server.port()), options, [&](Connection& socket) {
    socket.on_open([&] {
      opened = true;
      socket.close();
    });
    socket.on_error([&](const Error& fault) {
      EXPECT_EQ(fault.kind(), ErrorKind::tls);
      error = fault.what();
    });
  });
  client.run();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(seen.host, "127.0.0.1");
  EXPECT_EQ(seen.sha256.size(), 64U);
  EXPECT_NE(seen.certificate.find("BEGIN CERTIFICATE"), std::string::npos);
  EXPECT_NE(seen.subject.find("CN="), std::string::npos);
  EXPECT_EQ(seen.fault.empty(), GetParam().trusted);
  EXPECT_EQ(opened, GetParam().accepts && !GetParam().throws);
  EXPECT_EQ(error.find("127.0.0.1") != std::string::npos, !opened) << error;
}

INSTANTIATE_TEST_SUITE_P(Verdicts, VerifyHook,
                         testing::Values(Verdict{"AcceptsAStranger", false, true, false},
                                         Verdict{"AcceptsWhoIsTrusted", true, true, false},
                                         Verdict{"RefusesAStranger", false, false, false},
                                         Verdict{"RefusesWhoIsTrusted", true, false, false},
                                         Verdict{"Throws", true, true, true}),
                         [](const auto& row) { return row.param.name; });

TEST(ClientTls, TheCommonNameIsNoName) {  // RFC 9525 §2
  const CapturedLog quiet;
  test::WssServer server(test::echo_handlers(),
                         {.tls = test::shown(test::test_root().issue({.common_name = "127.0.0.1"}))});
  std::string error;
  Client client;
  client.connect(url_of("127.0.0.1", server.port()), trusting_the_root(), [&](Connection& socket) {
    socket.on_open([&] { socket.close(); });
    socket.on_error([&](const Error& fault) { error = fault.what(); });
  });
  client.run();
  EXPECT_NE(error.find("mismatch"), std::string::npos) << error;
}

}  // namespace
}  // namespace mote
