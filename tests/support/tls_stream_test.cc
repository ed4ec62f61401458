// The tests' own TLS ends, against each other: what is measured with them must not be their own fault.

#include "tests/support/tls_stream.h"

#include <gtest/gtest.h>

#include <openssl/ssl.h>

#include <future>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"
#include "tests/support/tls_client.h"

namespace mote::test {
namespace {

constexpr std::size_t kOneByteRecord = 5 + 1 + 1 + 16;  // header, the byte, its type, tag (RFC 8446 §5.2)

/// Both ends after the handshake.
std::pair<TlsClient, TlsPeer> pair_of(const TlsSetup& client_setup, const TlsSetup& server_setup) {
  ScriptedServer server;
  TlsClient client(server.port(), client_setup);
  TlsPeer peer = server.accept_tls(server_setup);
  auto other = std::async(std::launch::async, [&] { peer.handshake(); });
  client.handshake();
  other.get();
  return {std::move(client), std::move(peer)};
}

TEST(TlsStream, TheTwoEndsTalkAndSayWhatTheyAgreedOn) {
  const CertificateAuthority root;
  const auto authority = root.intermediate("middle");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto [client, server] =
        pair_of({.max_version = version,
                 .server_name = "test.example",
                 .protocols = {"one", "two"},
                 .identity = authority.issue({.common_name = "visitor", .purpose = Purpose::client}),
                 .ca_pem = root.certificate_pem()},
                {.protocols = {"two"},
                 .identity = authority.issue({.common_name = "host", .dns_names = {"test.example"}}),
                 .ca_pem = root.certificate_pem()});
    EXPECT_EQ(client.tls().version(), version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(client.tls().protocol(), "two");
    EXPECT_EQ(client.tls().peer_common_name(), "host");
    EXPECT_EQ(server.tls().peer_common_name(), "visitor");
    EXPECT_EQ(server.tls().server_name(), "test.example");
    client.send("hello");
    EXPECT_EQ(server.read_exactly(5), "hello");
    server.send("world");
    EXPECT_EQ(client.read_exactly(5), "world");
    EXPECT_NE(client.tls().session(), nullptr);
  }
}

TEST(TlsStream, RecordsGoOutWhenAndInThePiecesThatTheTestWants) {
  auto [client, server] = pair_of({}, {.identity = any_identity()});
  const std::string record = client.tls().encrypt("hello");
  client.send_ciphertext(record.substr(0, 10));
  EXPECT_FALSE(server.readable_within(20));
  client.send_ciphertext(record.substr(10));
  EXPECT_EQ(server.read_exactly(5), "hello");
  std::size_t cuts = 0;
  client.cut_ciphertext([](std::size_t) { return true; }, [&] { ++cuts; });
  client.send("x");
  EXPECT_EQ(server.read_exactly(1), "x");
  EXPECT_GT(cuts, 20U);
}

TEST(TlsStream, KeysChangeAndTheAnswerComesWhereItIsRequested) {
  using Answer = TlsEngine::Answer;
  auto [client, server] = pair_of({}, {.identity = any_identity()});
  for (const auto answer : {Answer::not_requested, Answer::requested}) {
    client.send_ciphertext(client.tls().key_update(answer));
    client.send("under the new key");
    EXPECT_EQ(server.read_exactly(17), "under the new key");
    const std::string ciphertext = server.tls().encrypt("x");
    EXPECT_EQ(ciphertext.size() == kOneByteRecord, answer == Answer::not_requested) << ciphertext.size();
    server.send_ciphertext(ciphertext);
    EXPECT_EQ(client.read_exactly(1), "x");
  }
}

TEST(TlsStream, TheEndSaysWhetherItWasCloseNotify) {
  for (const bool notify : {false, true}) {
    auto [client, server] = pair_of({}, {.identity = any_identity()});
    if (notify) client.send_ciphertext(client.tls().close_notify());
    client.tcp().close();
    EXPECT_EQ(server.read_to_end(), "");
    EXPECT_EQ(server.tls().received_close_notify(), notify);
  }
}

TEST(TlsStream, AnAlertIsSeenAndACertificateOfAnotherAuthorityIsNotTaken) {
  ScriptedServer server;
  TlsClient client(server.port(), {.ca_pem = CertificateAuthority("another").certificate_pem()});
  TlsPeer peer = server.accept_tls({.identity = any_identity()});
  auto alert = std::async(std::launch::async, [&] {
    try {
      peer.handshake();
      return -1;
    } catch (const TlsFailure& failure) {
      return failure.alert();
    }
  });
  EXPECT_THROW(client.handshake(), TlsFailure);
  EXPECT_EQ(alert.get(), SSL_AD_UNKNOWN_CA);
}

}  // namespace
}  // namespace mote::test
