#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/peer_stream.h"

namespace mote::test {

/// What one end of a TLS connection offers, shows and wants. Defaults: all that OpenSSL can.
struct TlsSetup {
  int min_version = 0;                      // TLS1_2_VERSION and so on; 0: the lowest
  int max_version = 0;                      // 0: the highest
  std::string ciphers = {};                 // up to TLS 1.2, in OpenSSL's words; `DEFAULT@SECLEVEL=0` for old versions
  std::string server_name = {};             // clients: what SNI says; empty: nothing
  std::vector<std::string> protocols = {};  // ALPN: what a client offers; what a server takes, the best first
  Identity identity = {};                   // shown; a client shows it only where it is asked to
  /// What the other end's certificate must come from; empty: it is not verified. With it a server asks for one.
  std::string ca_pem = {};
  std::shared_ptr<SSL_SESSION> session = {};  // clients: to be resumed
  bool renegotiation = true;                  // servers: whether TLS 1.2 may do that
};

/// A TLS handshake that failed, or bytes that are no TLS.
class TlsFailure : public ConnectionEnded {
 public:
  TlsFailure(const std::string& what, int alert) : ConnectionEnded(what), alert_(alert) {}
  /// The fatal alert that the other end sent, one of SSL_AD_…; -1 for none.
  [[nodiscard]] int alert() const { return alert_; }

 private:
  int alert_;
};

/// One end of a TLS connection, without a socket: ciphertext in, ciphertext out.
class TlsEngine {
 public:
  enum class Side { client, server };

  /// What many connections with one setup may have in common: it takes longer to make than the rest. Throws
  /// std::runtime_error where the setup is none, as the constructors do.
  static std::shared_ptr<SSL_CTX> context_of(Side side, const TlsSetup& setup);

  TlsEngine(Side side, const TlsSetup& setup) : TlsEngine(side, setup, context_of(side, setup)) {}
  TlsEngine(Side side, const TlsSetup& setup, std::shared_ptr<SSL_CTX> context);

  /// Goes on with the handshake; answers whether it is done. Throws TlsFailure. Either way there may be output.
  bool handshake();
  /// Ciphertext from the other end.
  void feed(std::string_view ciphertext);
  /// Ciphertext for the other end that has come up, which is then forgotten.
  std::string take_output();

  /// The records of a plaintext, and what else has come up.
  std::string encrypt(std::string_view plaintext);
  /// The plaintext of what was fed, behind `to`. Throws TlsFailure.
  void decrypt(std::string& to);

  enum class Answer { not_requested, requested };
  /// A KeyUpdate (TLS 1.3), by which this end changes its key.
  std::string key_update(Answer answer);
  /// What asks for another handshake: a ClientHello, or a HelloRequest (TLS 1.2).
  std::string renegotiate();
  std::string close_notify();
  [[nodiscard]] bool received_close_notify() const;

  /// \name What the handshake came to
  /// @{
  [[nodiscard]] std::string version() const;
  [[nodiscard]] std::string cipher() const;       ///< In the words of the RFCs.
  [[nodiscard]] std::string protocol() const;     ///< ALPN's choice.
  [[nodiscard]] std::string server_name() const;  ///< Servers: what the client asked for.
  /// Of the other end's certificate: the common name; empty where it showed none.
  [[nodiscard]] std::string peer_common_name() const;
  [[nodiscard]] bool resumed() const;
  /// The newest session that can be resumed; null where the server gave none. TLS 1.3 gives it with the first data.
  [[nodiscard]] std::shared_ptr<SSL_SESSION> session() const;
  /// The last fatal alert that came; -1 for none.
  [[nodiscard]] int alert() const;
  /// @}

 private:
  struct Seen;

  [[noreturn]] void fail(const char* what) const;

  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<Seen> seen_;
  std::shared_ptr<SSL> ssl_;
};

/// The first flight of a client, of any setup.
std::string client_hello();

}  // namespace mote::test
