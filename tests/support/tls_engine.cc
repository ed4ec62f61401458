#include "tests/support/tls_engine.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <utility>

namespace mote::test {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("TLS setup: ") + what);
}

Bio memory_of(const std::string& pem) { return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free}; }

std::shared_ptr<X509> next_certificate(BIO* from) {
  X509* const certificate = PEM_read_bio_X509(from, nullptr, nullptr, nullptr);
  return {certificate, X509_free};
}

void show(SSL_CTX* context, const Identity& identity) {
  const Bio chain = memory_of(identity.certificate_pem);
  check(SSL_CTX_use_certificate(context, next_certificate(chain.get()).get()) == 1, "certificate");
  while (const auto more = next_certificate(chain.get())) {
    check(SSL_CTX_add1_chain_cert(context, more.get()) == 1, "chain");
  }
  ERR_clear_error();  // the end of the chain is one
  const Bio key_pem = memory_of(identity.key_pem);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(key_pem.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  check(SSL_CTX_use_PrivateKey(context, key.get()) == 1, "private key");
}

void trust(SSL_CTX* context, const std::string& ca_pem) {
  const Bio pem = memory_of(ca_pem);
  const auto certificate = next_certificate(pem.get());
  check(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get()) == 1, "authority");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

/// As ALPN has it on the wire: each with its length before it.
std::string protocol_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) {
    list += static_cast<char>(protocol.size());
    list += protocol;
  }
  return list;
}

const unsigned char* unsigned_of(const std::string& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// What a client asks for.
void offer(SSL* ssl, const TlsSetup& setup, const std::string& protocols) {
  if (std::string name = setup.server_name; !name.empty()) {
    check(SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1, "server name");
  }
  if (!protocols.empty()) {
    check(SSL_set_alpn_protos(ssl, unsigned_of(protocols), static_cast<unsigned>(protocols.size())) == 0, "protocols");
  }
  if (setup.session != nullptr) check(SSL_set_session(ssl, setup.session.get()) == 1, "session");
}

}  // namespace

struct TlsEngine::Seen {
  int alert = -1;
  std::shared_ptr<SSL_SESSION> session;
  std::string protocols;

  static void note_alert(const SSL* ssl, int where, int value) {
    const bool fatal = value >> 8 == SSL3_AL_FATAL;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && fatal) of(ssl).alert = value & 0xFF;
  }
  static int note_session(SSL* ssl, SSL_SESSION* session) {
    of(ssl).session = {session, SSL_SESSION_free};
    return 1;  // it is ours now
  }
  static int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                             unsigned offered_size, void*) {
    const std::string& list = of(ssl).protocols;
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(&found, size, unsigned_of(list), static_cast<unsigned>(list.size()),
                                             offered, offered_size);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  static Seen& of(const SSL* ssl) { return *static_cast<Seen*>(SSL_get_app_data(ssl)); }
};

std::shared_ptr<SSL_CTX> TlsEngine::context_of(Side side, const TlsSetup& setup) {
  std::shared_ptr<SSL_CTX> made(SSL_CTX_new(side == Side::client ? TLS_client_method() : TLS_server_method()),
                                SSL_CTX_free);
  SSL_CTX* const context = made.get();
  check(SSL_CTX_set_min_proto_version(context, setup.min_version) == 1, "lowest version");
  check(SSL_CTX_set_max_proto_version(context, setup.max_version) == 1, "highest version");
  if (!setup.ciphers.empty()) check(SSL_CTX_set_cipher_list(context, setup.ciphers.c_str()) == 1, "ciphers");
  if (!setup.identity.key_pem.empty()) show(context, setup.identity);
  if (!setup.ca_pem.empty()) trust(context, setup.ca_pem);
  if (!setup.renegotiation) SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_session_id_context(context, unsigned_of("mote"), 4);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_BOTH);
  if (side == Side::client) SSL_CTX_sess_set_new_cb(context, Seen::note_session);
  if (side == Side::server && !setup.protocols.empty()) {
    SSL_CTX_set_alpn_select_cb(context, Seen::choose_protocol, nullptr);
  }
  return made;
}

TlsEngine::TlsEngine(Side side, const TlsSetup& setup, std::shared_ptr<SSL_CTX> context)
    : context_(std::move(context)), seen_(std::make_shared<Seen>()), ssl_(SSL_new(context_.get()), SSL_free) {
  seen_->protocols = protocol_list(setup.protocols);
  SSL* const ssl = ssl_.get();
  check(ssl != nullptr, "no connection");
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_app_data(ssl, seen_.get());
  SSL_set_info_callback(ssl, Seen::note_alert);
  if (side == Side::server) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
    offer(ssl, setup, seen_->protocols);
  }
}

void TlsEngine::fail(const char* what) const {
  std::string text = std::string(what).append(": ");
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  text += reason == nullptr ? "no reason" : reason;
  ERR_clear_error();
  throw TlsFailure(text, alert());
}

bool TlsEngine::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return true;
  if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) fail("TLS handshake");
  return false;
}

void TlsEngine::feed(std::string_view ciphertext) {
  if (ciphertext.empty()) return;
  const int taken = BIO_write(SSL_get_rbio(ssl_.get()), ciphertext.data(), static_cast<int>(ciphertext.size()));
  check(taken == static_cast<int>(ciphertext.size()), "no memory for ciphertext");
}

std::string TlsEngine::take_output() {
  BIO* const from = SSL_get_wbio(ssl_.get());
  std::string output(BIO_ctrl_pending(from), '\0');
  if (!output.empty()) BIO_read(from, output.data(), static_cast<int>(output.size()));
  return output;
}

std::string TlsEngine::encrypt(std::string_view plaintext) {
  if (!plaintext.empty()) {
    ERR_clear_error();
    const int result = SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(plaintext.size()));
    if (result != static_cast<int>(plaintext.size())) fail("cannot encrypt");
  }
  return take_output();
}

void TlsEngine::decrypt(std::string& to) {
  std::array<char, 16'384> room;
  for (;;) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
    if (got > 0) {
      to.append(room.data(), static_cast<std::size_t>(got));
      continue;
    }
    const int why = SSL_get_error(ssl_.get(), got);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_ZERO_RETURN) return;
    fail("cannot decrypt");
  }
}

std::string TlsEngine::key_update(Answer answer) {
  const int kind = answer == Answer::requested ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
  if (SSL_key_update(ssl_.get(), kind) != 1 || SSL_do_handshake(ssl_.get()) != 1) fail("KeyUpdate");
  return take_output();
}

std::string TlsEngine::renegotiate() {
  if (SSL_renegotiate(ssl_.get()) != 1) fail("renegotiation");
  SSL_do_handshake(ssl_.get());  // wants the other end's answer
  ERR_clear_error();
  return take_output();
}

std::string TlsEngine::close_notify() {
  SSL_shutdown(ssl_.get());  // 0 where that of the other end has not come
  return take_output();
}

bool TlsEngine::received_close_notify() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

std::string TlsEngine::version() const { return SSL_get_version(ssl_.get()); }

std::string TlsEngine::cipher() const { return SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl_.get())); }

std::string TlsEngine::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsEngine::server_name() const {
  const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string TlsEngine::peer_common_name() const {
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), name.size());
  return name.data();
}

bool TlsEngine::resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

std::shared_ptr<SSL_SESSION> TlsEngine::session() const { return seen_->session; }

int TlsEngine::alert() const { return seen_->alert; }

std::string client_hello() {
  TlsEngine client(TlsEngine::Side::client, {});
  client.handshake();
  return client.take_output();
}

}  // namespace mote::test
