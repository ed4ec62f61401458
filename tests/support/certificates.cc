#include "tests/support/certificates.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace mote::test {
namespace {

constexpr long kSecondsOfADay = 24L * 60 * 60;

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("certificates: ") + what);
}

std::shared_ptr<EVP_PKEY> make_key(KeyKind kind) {
  EVP_PKEY* const key = kind == KeyKind::ec_p256 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                                 : EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
  check(key != nullptr, "no key");
  return {key, EVP_PKEY_free};
}

/// What `write(bio)` writes.
template <class Write>
std::string pem_of(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
  check(memory != nullptr && write(memory.get()) == 1, "cannot write PEM");
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), X509_EXTENSION_free);
  check(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
}

void add_name(X509_NAME* to, const char* field, std::string_view value) {
  if (value.empty()) return;
  check(X509_NAME_add_entry_by_txt(to, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                   static_cast<int>(value.size()), -1, 0) == 1,
        field);
}

std::string alternative_names(const CertificateTerms& terms) {
  std::string names;
  for (const std::string& name : terms.dns_names) names.append(names.empty() ? "" : ",").append("DNS:").append(name);
  for (const std::string& ip : terms.ip_addresses) names.append(names.empty() ? "" : ",").append("IP:").append(ip);
  return names;
}

/// All but the extensions and the signature.
std::shared_ptr<X509> draft(const CertificateTerms& terms, EVP_PKEY* key, const X509* issuer) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509* const raw = certificate.get();
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(BN_new(), BN_free);
  check(raw != nullptr && BN_rand(serial.get(), 64, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
            BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(raw)) != nullptr,
        "no serial number");
  add_name(X509_get_subject_name(raw), "O", terms.organisation);
  add_name(X509_get_subject_name(raw), "CN", terms.common_name);
  check(X509_set_version(raw, X509_VERSION_3) == 1 && X509_set_pubkey(raw, key) == 1 &&
            X509_set_issuer_name(raw, X509_get_subject_name(issuer == nullptr ? raw : issuer)) == 1 &&
            X509_gmtime_adj(X509_getm_notBefore(raw), terms.valid_from_days * kSecondsOfADay) != nullptr &&
            X509_gmtime_adj(X509_getm_notAfter(raw), terms.valid_to_days * kSecondsOfADay) != nullptr,
        "cannot fill in");
  return certificate;
}

void sign(X509* certificate, EVP_PKEY* key) { check(X509_sign(certificate, key, EVP_sha256()) != 0, "cannot sign"); }

std::string pem_of_certificate(X509* certificate) {
  return pem_of([&](BIO* to) { return PEM_write_bio_X509(to, certificate); });
}

}  // namespace

CertificateAuthority::CertificateAuthority(std::string_view common_name) : CertificateAuthority(common_name, nullptr) {}

CertificateAuthority::CertificateAuthority(std::string_view common_name, const CertificateAuthority* parent)
    : key_(make_key(KeyKind::ec_p256)) {
  CertificateTerms terms;
  terms.common_name = common_name;
  X509* const issuer = parent == nullptr ? nullptr : parent->certificate_.get();
  certificate_ = draft(terms, key_.get(), issuer);
  X509* const own = certificate_.get();
  add_extension(own, issuer == nullptr ? own : issuer, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(own, issuer == nullptr ? own : issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(own, issuer == nullptr ? own : issuer, NID_subject_key_identifier, "hash");
  if (issuer != nullptr) add_extension(own, issuer, NID_authority_key_identifier, "keyid");
  sign(own, parent == nullptr ? key_.get() : parent->key_.get());
  certificate_pem_ = pem_of_certificate(own);
  if (parent != nullptr) chain_pem_ = certificate_pem_ + parent->chain_pem_;
}

CertificateAuthority CertificateAuthority::intermediate(std::string_view common_name) const {
  return {common_name, this};
}

Identity CertificateAuthority::issue(const CertificateTerms& terms) const {
  const auto key = make_key(terms.key);
  const auto certificate = draft(terms, key.get(), certificate_.get());
  const auto extend = [&](int kind, const std::string& value) {
    add_extension(certificate.get(), certificate_.get(), kind, value);
  };
  extend(NID_basic_constraints, "critical,CA:FALSE");
  extend(NID_key_usage, "critical,digitalSignature");
  extend(NID_ext_key_usage, terms.purpose == Purpose::server ? "serverAuth" : "clientAuth");
  extend(NID_authority_key_identifier, "keyid");  // strict verifiers, such as Python's from 3.13 on, want it
  if (const std::string names = alternative_names(terms); !names.empty()) extend(NID_subject_alt_name, names);
  sign(certificate.get(), key_.get());
  return {pem_of_certificate(certificate.get()) + chain_pem_, pem_of([&](BIO* to) {
            return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

Identity any_identity() {
  return CertificateAuthority().issue({.dns_names = {"test.example"}, .ip_addresses = {"127.0.0.1"}});
}

std::string encrypted_key(const std::string& key_pem, const std::string& password) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> from(
      BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())), BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(from.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  check(key != nullptr, "no key to encrypt");
  return pem_of([&](BIO* to) {
    return PEM_write_bio_PKCS8PrivateKey(to, key.get(), EVP_aes_256_cbc(), password.data(),
                                         static_cast<int>(password.size()), nullptr, nullptr);
  });
}

}  // namespace mote::test
