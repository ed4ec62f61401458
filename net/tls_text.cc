#include "net/tls_text.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace mote::net {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

}  // namespace

std::string tls_reason(const SSL* ssl) {
  const unsigned long error = ERR_peek_last_error();
  const char* const text = ERR_reason_error_string(error);
  std::string reason = text != nullptr ? text : "unknown reason";
  ERR_clear_error();
  const long verified = ssl != nullptr ? SSL_get_verify_result(ssl) : X509_V_OK;
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED &&
      verified != X509_V_OK) {
    reason.append(": ").append(X509_verify_cert_error_string(verified));
  }
  return reason;
}

std::string name_text(const X509_NAME* name) {
  const std::unique_ptr<BIO, FreeBio> text(BIO_new(BIO_s_mem()));
  if (text == nullptr || name == nullptr) return {};
  constexpr unsigned long kAsRfc4514 = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);  // in UTF-8
  X509_NAME_print_ex(text.get(), name, 0, kAsRfc4514);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace mote::net
