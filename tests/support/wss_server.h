#pragma once

#include <functional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/certificates.h"
#include "tests/support/running_server.h"
#include "tests/support/tls_client.h"

namespace mote::test {

/// What every test may trust, and the authority of its own certificates.
inline const CertificateAuthority& test_root() {
  static const CertificateAuthority root;
  return root;
}

/// Of `test.example`, from test_root through an intermediate authority.
inline const Identity& test_identity() {
  static const Identity identity = test_root()
                                       .intermediate("mote test intermediate")
                                       .issue({.dns_names = {"test.example"}, .ip_addresses = {"127.0.0.1"}});
  return identity;
}

inline TlsOptions shown(const Identity& identity) {
  return {.certificate_chain_pem = identity.certificate_pem, .private_key_pem = identity.key_pem};
}

/// A `wss://` server with a thread of its own; it shows test_identity unless the options have a certificate.
class WssServer : public RunningServer {
 public:
  template <class Start>
  explicit WssServer(Start start, Options options = {}, const std::function<void(Server&)>& setup = {})
      : RunningServer(std::move(start), with_certificate(std::move(options)), setup, "wss://127.0.0.1:0") {}

  /// Waits until its thread has looked at everything that has come to its sockets.
  void catch_up() {
    on_thread([] {});
    on_thread([] {});  // the first may have come in the turn that began before
  }

 private:
  static Options with_certificate(Options options) {
    TlsOptions& tls = options.tls;
    if (tls.certificate_chain_pem.empty() && tls.certificate_chain_file.empty()) {
      tls.certificate_chain_pem = test_identity().certificate_pem;
      tls.private_key_pem = test_identity().key_pem;
    }
    return options;
  }
};

/// Sends a text and expects it back.
inline void expect_echo(PeerStream& client, const std::string& text = "hello") {
  client.send(text_frame(text));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, text}));
}

/// The alert that ends a handshake, -1 for none: of a server that is not to let this client in.
inline int refusal(std::uint16_t port, const TlsSetup& setup) {
  try {
    return TlsClient::connect(port, setup).read_alert();  // a client of TLS 1.3 is done before the server is
  } catch (const TlsFailure& failure) {
    return failure.alert();
  }
}

}  // namespace mote::test
