#include "net/tls_credentials.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "net/tls_text.h"

namespace mote::net {
namespace {

template <auto function>
struct Freeing {
  template <class T>
  void operator()(T* pointer) const {
    function(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Freeing<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using File = std::unique_ptr<std::FILE, Freeing<std::fclose>>;

[[noreturn]] void reject(const std::string& where, const std::string& why) {
  throw std::invalid_argument("option " + where + ": " + why);
}

std::string read_file(const std::string& file, const std::string& where) {
  const auto fail = [&] { throw std::system_error(errno, std::generic_category(), "option " + where); };
  const File stream(std::fopen(file.c_str(), "re"));
  if (stream == nullptr) fail();
  std::string text;
  std::array<char, 4096> piece{};
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), stream.get()))
    text.append(piece.data(), size);
  if (std::ferror(stream.get()) != 0) fail();
  return text;
}

/// One PEM text, from a file or from memory, and how it is called in an error's text.
struct Source {
  std::string where;
  std::string text;

  /// `option`: the two options' common beginning. Exactly one of them is set.
  Source(const std::string& option, const std::string& file, const std::string& pem) {
    if (file.empty() == pem.empty()) {
      reject(option + "file", file.empty() ? "is needed, or " + option + "pem" : "and " + option + "pem are both set");
    }
    where = file.empty() ? option + "pem" : option + "file \"" + file + '"';
    text = file.empty() ? pem : read_file(file, where);
    if (text.size() > std::numeric_limits<int>::max()) reject(where, "is too large");
  }
  [[nodiscard]] Bio open() const {
    Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (bio == nullptr) throw std::bad_alloc();
    return bio;
  }
};

/// The password of a key; never asks on a terminal.
int give_password(char* to, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  const std::size_t used = std::min(text.size(), static_cast<std::size_t>(size));
  std::copy_n(text.begin(), used, to);
  return text.empty() ? -1 : static_cast<int>(used);
}

/// Certificates have none.
int give_no_password(char*, int, int, void*) { return -1; }

/// Whether that was the end of the PEM text, and not something wrong in it.
bool at_end() {
  const unsigned long error = ERR_peek_last_error();
  const bool end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (end) ERR_clear_error();
  return end;
}

/// Calls `use` for each certificate, of which there must be one.
template <class Use>
void each_certificate(const Source& source, Use&& use) {
  const Bio bio = source.open();
  bool any = false;
  ERR_clear_error();
  while (const Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, give_no_password, nullptr)}) {
    any = true;
    use(*certificate);
  }
  if (!at_end()) reject(source.where, tls_reason(nullptr));
  if (!any) reject(source.where, "has no certificate in PEM");
}

void trust(SSL_CTX& context, X509& authority, const Source& source) {
  if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), &authority) != 1) {
    reject(source.where, tls_reason(nullptr));
  }
}

void use_chain(SSL_CTX& context, const Source& source) {
  bool first = true;
  each_certificate(source, [&](X509& certificate) {
    const bool used = first ? SSL_CTX_use_certificate(&context, &certificate) == 1
                            : SSL_CTX_add1_chain_cert(&context, &certificate) == 1;
    if (!used) reject(source.where, tls_reason(nullptr));
    first = false;
  });
}

void use_key(SSL_CTX& context, const Source& source, const std::string& password) {
  ERR_clear_error();
  std::string copy = password;
  const Key key(PEM_read_bio_PrivateKey(source.open().get(), nullptr, give_password, &copy));
  if (key == nullptr) {
    const bool missing = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_BAD_PASSWORD_READ;
    if (at_end()) reject(source.where, "has no private key in PEM");
    if (missing) reject(source.where, "is encrypted and private_key_password is empty");
    reject(source.where,
           (password.empty() ? "" : "is broken, or not of this private_key_password: ") + tls_reason(nullptr));
  }
  if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1 || SSL_CTX_check_private_key(&context) != 1) {
    reject(source.where, "does not belong to the certificate: " + tls_reason(nullptr));
  }
}

std::string hexadecimal(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xFU];
  }
  return text;
}

}  // namespace

void use_certificate(SSL_CTX& context, const TlsCertificate& certificate, const std::string& option) {
  use_chain(context,
            {option + "certificate_chain_", certificate.certificate_chain_file, certificate.certificate_chain_pem});
  use_key(context, {option + "private_key_", certificate.private_key_file, certificate.private_key_pem},
          certificate.private_key_password);
}

void trust_authorities(SSL_CTX& context, const std::string& file, const std::string& pem, const std::string& option) {
  const Source source(option, file, pem);
  each_certificate(source, [&](X509& authority) { trust(context, authority, source); });
}

void trust_client_authorities(SSL_CTX& context, const std::string& file, const std::string& pem,
                              const std::string& option) {
  const Source source(option, file, pem);
  each_certificate(source, [&](X509& authority) {
    trust(context, authority, source);
    if (SSL_CTX_add_client_CA(&context, &authority) != 1) throw std::bad_alloc();
  });
}

ClientTlsOptions::PeerCertificate describe_certificate(const X509& certificate) {
  ClientTlsOptions::PeerCertificate described;
  described.subject = name_text(X509_get_subject_name(&certificate));
  described.issuer = name_text(X509_get_issuer_name(&certificate));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) == 1) {
    described.sha256 = hexadecimal(std::span(digest).first(size));
  }
  const Bio pem(BIO_new(BIO_s_mem()));
  char* data = nullptr;
  if (pem == nullptr || PEM_write_bio_X509(pem.get(), &certificate) != 1) throw std::bad_alloc();
  const long length = BIO_get_mem_data(pem.get(), &data);
  described.certificate.assign(data, static_cast<std::size_t>(length));
  return described;
}

}  // namespace mote::net
