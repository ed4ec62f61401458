#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mote/tls.h>

namespace mote::net {

/// Whom a client wants to talk to over TLS.
struct TlsPeer {
  std::string host;  ///< Name or address literal, for SNI and to be found in the certificate.
};

/// Certificates, keys and rules of TLS, from the options: shared by connections, never changed. Any thread.
class TlsContext {
 public:
  /// Both throw std::system_error for a file that cannot be read and std::invalid_argument for what cannot be used,
  /// with the option, the file and the reason in the text.
  static std::shared_ptr<const TlsContext> for_server(const TlsOptions& options);
  /// `verify`: stands in for options.verify, and must not throw; empty: none.
  static std::shared_ptr<const TlsContext> for_client(const ClientTlsOptions& options, ClientTlsOptions::Verify verify);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] bool is_server() const { return is_server_; }
  /// What a new connection begins with.
  [[nodiscard]] SSL_CTX* ssl_context() const { return certificates_.front().context.get(); }
  /// A client's connection will talk to nobody else. Throws std::bad_alloc.
  static void expect(SSL& ssl, const TlsPeer& peer);

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  using Pointer = std::unique_ptr<SSL_CTX, Free>;
  /// OpenSSL changes from the first to the right one when it knows the name that the client wants. A client has one.
  struct Certificate {
    Pointer context;
    std::vector<std::string> server_names;
  };

  explicit TlsContext(bool is_server) : is_server_(is_server) {}
  Pointer make(TlsVersion min_version) const;
  void add_server_certificate(const TlsOptions& options, const TlsCertificate& certificate, const std::string& option);
  [[nodiscard]] const Certificate* certificate_for(std::optional<std::string_view> server_name) const;
  static int choose_certificate(SSL* ssl, int* alert, void* self);
  static int verify_server(X509_STORE_CTX* store, void* self);

  const bool is_server_;
  std::vector<Certificate> certificates_;
  ClientTlsOptions::Verify verify_;
};

}  // namespace mote::net
