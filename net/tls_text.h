#pragma once

#include <openssl/types.h>

#include <string>

namespace mote::net {

/// Why the call before failed, from OpenSSL's error queue, which is empty afterwards: `no shared cipher`, or
/// `certificate verify failed: certificate has expired`. `ssl`: may be null.
std::string tls_reason(const SSL* ssl);

/// As RFC 4514 writes it: `CN=example.org,O=Example`.
std::string name_text(const X509_NAME* name);

}  // namespace mote::net
