#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstring>
#include <new>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "net/tls_credentials.h"
#include "net/tls_stream.h"
#include "net/tls_text.h"
#include "proto/ascii.h"
#include "proto/authority.h"

namespace mote::net {
namespace {

// Forward secrecy and authenticated encryption only (RFC 9325 §4.2). AES with 128 bits first: as good as 256 here, and
// a quarter faster; clients without AES instructions put ChaCha20 first and get it.
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kCiphers13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr std::string_view kAlpn("\x08http/1.1", 9);  // RFC 7301 §3.1: length and name

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// RFC 7301 §3.2: a client that speaks other protocols only is told so.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_bytes, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, size, bytes_of(kAlpn), static_cast<unsigned>(kAlpn.size()), offered,
                                          offered_bytes);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// The name that a ClientHello asks for (RFC 6066 §3), which of a session that is resumed with TLS 1.2 need not be the
/// one that SSL_get_servername gives. Nothing, too, where it is malformed: OpenSSL goes on to refuse that.
std::optional<std::string_view> name_asked_for(SSL* ssl) {
  constexpr std::size_t kHeadBytes = 5;  // the list's length, the type of a host name, the name's length
  const unsigned char* list = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &list, &size) != 1) return std::nullopt;
  if (size < kHeadBytes || list[2] != TLSEXT_NAMETYPE_host_name) return std::nullopt;
  const std::size_t length = std::size_t{list[3]} << 8U | list[4];
  if (length > size - kHeadBytes) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(list) + kHeadBytes, length);
}

/// That the name was used is said to the client, and kept in its session.
int confirm_name(SSL* ssl, int*, void*) {
  return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != nullptr ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/// `*.example.org` stands for one label; names compare without case (RFC 9525 §6.3).
bool is_for(std::string_view pattern, std::string_view name) {
  if (pattern.starts_with("*.")) {
    const std::size_t dot = name.find('.');
    if (dot == 0 || dot == std::string_view::npos) return false;
    return proto::equals_ignoring_case(pattern.substr(1), name.substr(dot));
  }
  return proto::equals_ignoring_case(pattern, name);
}

int verify_mode(ClientCertificates wanted) {
  switch (wanted) {
    case ClientCertificates::none:
      return SSL_VERIFY_NONE;
    case ClientCertificates::requested:
      return SSL_VERIFY_PEER;
    case ClientCertificates::required:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_NONE;
}

TlsCertificate main_certificate(const TlsOptions& options) {
  return {options.certificate_chain_file, options.private_key_file,     options.certificate_chain_pem,
          options.private_key_pem,        options.private_key_password, options.server_names};
}

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

TlsContext::Pointer TlsContext::make(TlsVersion min_version) const {
  Pointer made(SSL_CTX_new(is_server_ ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* const context = made.get();
  if (context == nullptr) throw std::bad_alloc();
  const int least = min_version == TlsVersion::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  if (SSL_CTX_set_min_proto_version(context, least) != 1 || SSL_CTX_set_cipher_list(context, kCiphers12) != 1 ||
      SSL_CTX_set_ciphersuites(context, kCiphers13) != 1) {
    throw std::invalid_argument("TLS: " + tls_reason(nullptr) + "; does OpenSSL's configuration forbid it?");
  }
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context, 1);  // a record's header and the rest, and what is behind, with one system call
  return made;
}

// ---- Server

std::shared_ptr<const TlsContext> TlsContext::for_server(const TlsOptions& options) {
  const std::shared_ptr<TlsContext> made(new TlsContext(true));
  made->add_server_certificate(options, main_certificate(options), "tls.");
  for (std::size_t i = 0; i < options.more_certificates.size(); ++i) {
    made->add_server_certificate(options, options.more_certificates[i],
                                 "tls.more_certificates[" + std::to_string(i) + "].");
  }
  return made;
}

void TlsContext::add_server_certificate(const TlsOptions& options, const TlsCertificate& certificate,
                                        const std::string& option) {
  Pointer made = make(options.min_version);
  SSL_CTX* const context = made.get();
  use_certificate(*context, certificate, option);
  if (options.client_certificates != ClientCertificates::none) {
    trust_client_authorities(*context, options.client_ca_file, options.client_ca_pem, "tls.client_ca_");
  }
  SSL_CTX_set_verify(context, verify_mode(options.client_certificates), nullptr);
  // A session belongs to one certificate; without a context none with a client's certificate would be resumed.
  const std::string session_context = "mote" + std::to_string(certificates_.size());
  SSL_CTX_set_session_id_context(context, bytes_of(session_context), static_cast<unsigned>(session_context.size()));
  SSL_CTX_set_num_tickets(context, options.session_tickets ? 1 : 0);
  if (!options.session_tickets) SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, reinterpret_cast<void (*)()>(confirm_name));
  SSL_CTX_set_client_hello_cb(context, choose_certificate, this);
  certificates_.push_back({std::move(made), certificate.server_names});
}

/// Null where no certificate is for that name; without a name the first one is.
const TlsContext::Certificate* TlsContext::certificate_for(std::optional<std::string_view> server_name) const {
  if (!server_name) return &certificates_.front();
  const Certificate* for_any = nullptr;
  for (const Certificate& certificate : certificates_) {
    for (const std::string& pattern : certificate.server_names) {
      if (is_for(pattern, *server_name)) return &certificate;
    }
    if (certificate.server_names.empty() && for_any == nullptr) for_any = &certificate;
  }
  return for_any;
}

/// Before OpenSSL looks at a session: that must be one with the same certificate.
int TlsContext::choose_certificate(SSL* ssl, int* alert, void* self) {
  const auto& context = *static_cast<const TlsContext*>(self);
  const auto name = name_asked_for(ssl);
  const Certificate* const chosen = context.certificate_for(name);
  if (chosen == nullptr) static_cast<TlsStream*>(SSL_get_ex_data(ssl, 0))->explain("no certificate is for", *name);
  if (chosen != nullptr && SSL_set_SSL_CTX(ssl, chosen->context.get()) != nullptr) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = chosen == nullptr ? SSL_AD_UNRECOGNIZED_NAME : SSL_AD_INTERNAL_ERROR;
  return SSL_CLIENT_HELLO_ERROR;
}

// ---- Client

std::shared_ptr<const TlsContext> TlsContext::for_client(const ClientTlsOptions& options,
                                                         ClientTlsOptions::Verify verify) {
  const std::shared_ptr<TlsContext> made(new TlsContext(false));
  made->verify_ = std::move(verify);
  made->certificates_.push_back({made->make(options.min_version), {}});
  SSL_CTX* const context = made->ssl_context();
  if (options.ca_file.empty() && options.ca_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) throw std::bad_alloc();
  } else {
    trust_authorities(*context, options.ca_file, options.ca_pem, "tls.ca_");
  }
  const TlsCertificate& own = options.certificate;
  if (own != TlsCertificate{}) use_certificate(*context, own, "tls.certificate.");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (made->verify_) SSL_CTX_set_cert_verify_callback(context, verify_server, made.get());
  if (SSL_CTX_set_alpn_protos(context, bytes_of(kAlpn), static_cast<unsigned>(kAlpn.size())) != 0)
    throw std::bad_alloc();
  return made;
}

void TlsContext::expect(SSL& ssl, const TlsPeer& peer) {
  std::string host = peer.host;
  if (host.ends_with('.')) host.pop_back();  // RFC 6066 §3: no trailing dot
  X509_VERIFY_PARAM* const rules = SSL_get0_param(&ssl);
  // Never the common name, which names nobody (RFC 9525 §2).
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (const std::string address = proto::address_octets(host); !address.empty()) {
    // No name to ask for (RFC 6066 §3).
    if (X509_VERIFY_PARAM_set1_ip(rules, bytes_of(address), address.size()) != 1) throw std::bad_alloc();
  } else if (X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size()) != 1 ||
             SSL_ctrl(&ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()) != 1) {
    throw std::invalid_argument("TLS: \"" + host + "\" is no host name");
  }
}

/// In place of OpenSSL's own check, which it begins with.
int TlsContext::verify_server(X509_STORE_CTX* store, void* self) {
  const auto& context = *static_cast<const TlsContext*>(self);
  const bool good = X509_verify_cert(store) == 1;
  const SSL* const ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsStream& stream = *static_cast<TlsStream*>(SSL_get_ex_data(ssl, 0));
  const int fault = X509_STORE_CTX_get_error(store);
  bool accepted = false;
  try {
    auto certificate = describe_certificate(*X509_STORE_CTX_get0_cert(store));
    certificate.host = stream.peer_host();
    if (!good) certificate.fault = X509_verify_cert_error_string(fault);
    stream.lend_buffers();
    accepted = context.verify_(certificate);
  } catch (const std::bad_alloc&) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
    return 0;
  }
  if (accepted) X509_STORE_CTX_set_error(store, X509_V_OK);
  if (!accepted && good) X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return accepted ? 1 : 0;
}

}  // namespace mote::net
