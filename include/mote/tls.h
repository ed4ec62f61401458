#pragma once

#include <functional>
#include <string>
#include <vector>

namespace mote {

/// A certificate and its private key, in PEM: each from a file, or from memory.
struct TlsCertificate {
  /// The server's or client's own certificate first, then the intermediate ones up to, but without, the root.
  std::string certificate_chain_file = {};
  std::string private_key_file = {};
  /// The same from memory, in place of the files.
  std::string certificate_chain_pem = {};
  std::string private_key_pem = {};
  /// Of an encrypted private key.
  std::string private_key_password = {};
  /// Servers: the names (SNI) that it is for; `*.example.org` stands for one label. Empty: every name.
  std::vector<std::string> server_names = {};

  bool operator==(const TlsCertificate&) const = default;
};

/// Whether a server asks clients for a certificate.
enum class ClientCertificates {
  none,       ///< It does not ask.
  requested,  ///< A client may send one; one that does not verify fails the handshake.
  required,   ///< Without one the handshake fails.
};

enum class TlsVersion { tls_1_2, tls_1_3 };

/// What a `wss://` server needs and lets be chosen. TLS 1.2 and 1.3, forward secrecy (ECDHE) and authenticated
/// encryption (AEAD) always; no renegotiation and no compression (RFC 9325).
struct TlsOptions {
  /// \name The certificate, as in TlsCertificate; a `wss://` server needs one
  /// @{
  std::string certificate_chain_file = {};
  std::string private_key_file = {};
  std::string certificate_chain_pem = {};
  std::string private_key_pem = {};
  std::string private_key_password = {};
  std::vector<std::string> server_names = {};
  /// @}
  /// Certificates for other names. The first that has the name that the client wants is used, else the first for every
  /// name; where there is none, the handshake ends (RFC 6455 §4.2.2 /1/). A client that says no name gets the one
  /// above.
  std::vector<TlsCertificate> more_certificates = {};

  ClientCertificates client_certificates = ClientCertificates::none;
  /// PEM file, or PEM text, with the authorities that client certificates must come from. Needed unless `none`.
  std::string client_ca_file = {};
  std::string client_ca_pem = {};

  TlsVersion min_version = TlsVersion::tls_1_2;
  /// Lets clients that come back skip the certificates (RFC 8446 §2.2). The keys live in this process, and last until
  /// `Server::reload_tls`.
  bool session_tickets = true;

  bool operator==(const TlsOptions&) const = default;
};

/// What a client checks, and shows, over `wss://`.
struct ClientTlsOptions {
  /// PEM file, or PEM text, with the authorities that the server's certificate must come from; both empty: those of the
  /// system. Connections of one client with equal options share what was read, while there are any.
  std::string ca_file = {};
  std::string ca_pem = {};
  /// The client's own certificate, where the server asks for one.
  TlsCertificate certificate = {};
  /// The name to ask for (SNI) and to find in the certificate; empty: the URL's host.
  std::string server_name = {};
  TlsVersion min_version = TlsVersion::tls_1_2;

  /// What `verify` is asked about. The views of a call are valid until it returns.
  struct PeerCertificate {
    std::string host;     ///< That was asked for.
    std::string subject;  ///< As `CN=example.org,O=Example`.
    std::string issuer;
    std::string sha256;       ///< Of the certificate in DER: 64 hexadecimal digits.
    std::string certificate;  ///< In PEM.
    std::string fault;        ///< Why it does not verify; empty where it does.
  };
  using Verify = std::function<bool(const PeerCertificate&)>;
  /// Has the last word where it is set: whether to go on. Called on the client's thread, during the handshake; what it
  /// throws is logged, and ends the handshake. Without it, a certificate that does not verify ends the handshake.
  Verify verify = {};
};

}  // namespace mote
