#pragma once

#include <openssl/types.h>

#include <string>

#include <mote/tls.h>

namespace mote::net {

/// Puts certificates, keys and authorities into OpenSSL's context. `option`: what the name of the option begins with,
/// for the texts of errors: std::system_error for a file that cannot be read, std::invalid_argument for contents that
/// cannot be used.
void use_certificate(SSL_CTX& context, const TlsCertificate& certificate, const std::string& option);
/// Peers' certificates must come from these; one of `file` and `pem`.
void trust_authorities(SSL_CTX& context, const std::string& file, const std::string& pem, const std::string& option);
/// The same, and clients are told their names.
void trust_client_authorities(SSL_CTX& context, const std::string& file, const std::string& pem,
                              const std::string& option);

/// All but `host` and `fault`.
ClientTlsOptions::PeerCertificate describe_certificate(const X509& certificate);

}  // namespace mote::net
