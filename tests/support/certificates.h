#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mote::test {

/// A certificate, with the intermediate ones after it, and its private key, in PEM.
struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

enum class KeyKind { ec_p256, rsa_2048 };
enum class Purpose { server, client };

/// What a certificate is to say, and for how long.
struct CertificateTerms {
  std::string common_name = "test.example";
  std::string organisation = {};
  std::vector<std::string> dns_names = {};
  std::vector<std::string> ip_addresses = {};
  Purpose purpose = Purpose::server;
  KeyKind key = KeyKind::ec_p256;
  int valid_from_days = -1;  // counted from today
  int valid_to_days = 30;
};

/// Issues certificates. Whatever fails throws std::runtime_error.
class CertificateAuthority {
 public:
  /// A root, which signs itself.
  explicit CertificateAuthority(std::string_view common_name = "mote test root");

  /// An authority that this one vouches for: what it issues comes with its own certificate behind.
  [[nodiscard]] CertificateAuthority intermediate(std::string_view common_name) const;
  [[nodiscard]] Identity issue(const CertificateTerms& terms) const;
  /// Its own certificate in PEM: that to trust, of a root.
  [[nodiscard]] const std::string& certificate_pem() const { return certificate_pem_; }

 private:
  CertificateAuthority(std::string_view common_name, const CertificateAuthority* parent);

  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string certificate_pem_;
  std::string chain_pem_;  // what goes behind the certificates that it issues: empty of a root
};

/// A certificate that is for both `test.example` and 127.0.0.1, of a throw-away authority.
Identity any_identity();
/// The private key again, encrypted with the password.
std::string encrypted_key(const std::string& key_pem, const std::string& password);

}  // namespace mote::test
