// What TLS costs a server, in its own CPU time: a handshake, and echoes of 20 bytes and 16 KiB, each beside what OpenSSL
// alone takes for the cryptography in it (as `openssl speed` measures it), and the same echo without TLS.
//
//     tls_cost [SECONDS]     for each measurement; default 2

#include <mote/mote.h>

#include <openssl/evp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/certificates.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kConnections = 16;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

/// CPU time of the calling thread.
double thread_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/// Server and load on a core each, where there are two.
void pin_to(unsigned core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  ::sched_setaffinity(0, sizeof cores, &cores);
}

// ---- What OpenSSL alone takes

struct Free {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// Seconds of one call, from as many as fit into a quarter of a second.
template <class Call>
double time_of(Call&& call) {
  long count = 0;
  const double begin = thread_seconds();
  double end = begin;
  while (end - begin < 0.25) {
    for (int i = 0; i < 16; ++i, ++count) call();
    end = thread_seconds();
  }
  return (end - begin) / static_cast<double>(count);
}

void demand(bool done) {
  if (!done) throw std::runtime_error("OpenSSL failed");
}

/// Encrypting or decrypting one record with AES-128-GCM.
double cipher_seconds(std::size_t size) {
  const Owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  const std::array<unsigned char, 16> key{};
  std::array<unsigned char, 12> nonce{};
  std::string data(size, 'x');
  std::array<unsigned char, 16> tag{};
  auto* const bytes = reinterpret_cast<unsigned char*>(data.data());
  demand(EVP_EncryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, key.data(), nonce.data()) == 1);
  return time_of([&] {
    int written = 0;
    ++nonce[0];
    demand(EVP_EncryptInit_ex(context.get(), nullptr, nullptr, nullptr, nonce.data()) == 1 &&
           EVP_EncryptUpdate(context.get(), bytes, &written, bytes, static_cast<int>(size)) == 1 &&
           EVP_EncryptFinal_ex(context.get(), tag.data(), &written) == 1 &&
           EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, tag.data()) == 1);
  });
}

/// A signature with ECDSA on P-256.
double signature_seconds() {
  const Owned<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const std::array<unsigned char, 64> text{};
  std::array<unsigned char, 128> signature{};
  return time_of([&] {
    const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    std::size_t size = signature.size();
    demand(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestSign(context.get(), signature.data(), &size, text.data(), text.size()) == 1);
  });
}

/// One side of a key exchange with X25519: a key of one's own, and the secret.
double key_exchange_seconds() {
  const Owned<EVP_PKEY> other(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
  std::array<unsigned char, 32> secret{};
  return time_of([&] {
    const Owned<EVP_PKEY> own(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
    const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(own.get(), nullptr));
    std::size_t size = secret.size();
    demand(EVP_PKEY_derive_init(context.get()) == 1 && EVP_PKEY_derive_set_peer(context.get(), other.get()) == 1 &&
           EVP_PKEY_derive(context.get(), secret.data(), &size) == 1);
  });
}

// ---- The load, in a process of its own

struct Load {
  std::string url;
  std::string ca_pem;
  std::size_t message_bytes = 0;  // 0: connect and close, over and over
};

mote::ClientOptions options_of(const Load& load) {
  mote::ClientOptions options;
  options.tls.ca_pem = load.ca_pem;
  options.handshakes_per_address = kConnections;
  return options;
}

/// Each connection begins the next one when it opens.
void connect_for_ever(mote::Client& client, const Load& load) {
  client.connect(load.url, options_of(load),
                 mote::Handlers{.on_open = [](mote::Connection& socket) { socket.abort(); },
                                .on_close = [&](mote::Connection&, const mote::CloseInfo&) {
                                  connect_for_ever(client, load);
                                }});
}

[[noreturn]] void run_load(const Load& load) {
  pin_to(1);
  mote::Client client;
  const std::string message(load.message_bytes, 'x');
  for (int i = 0; i < kConnections; ++i) {
    if (load.message_bytes == 0) {
      connect_for_ever(client, load);
      continue;
    }
    client.connect(load.url, options_of(load),
                   mote::Handlers{.on_open = [&](mote::Connection& socket) { socket.send(message); },
                                  .on_message = [&](mote::Connection& socket, std::string_view) {
                                    socket.send(message);
                                  }});
  }
  client.run();
  std::_Exit(0);
}

// ---- The server, in this one

/// CPU time of the server for each of what it did.
double server_seconds_each(bool tls, std::size_t message_bytes, double seconds) {
  const mote::test::CertificateAuthority authority;
  mote::Options options;
  if (tls) {
    const mote::test::Identity identity = authority.issue({.ip_addresses = {"127.0.0.1"}});
    options.tls.certificate_chain_pem = identity.certificate_pem;
    options.tls.private_key_pem = identity.key_pem;
    options.tls.session_tickets = false;  // each handshake is a full one
  }
  mote::Server server(tls ? "wss://127.0.0.1:0" : "ws://127.0.0.1:0", options);
  long done = 0;
  server.start({.on_open = [&](mote::Connection&) { done += message_bytes == 0 ? 1 : 0; },
                .on_message =
                    [&](mote::Connection& socket, std::string_view text) {
                      ++done;
                      socket.send(text);
                    }});
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) run_load({server.location(), authority.certificate_pem(), message_bytes});
  double cpu = 0;
  long counted = 0;
  std::thread loop([&] {
    pin_to(0);
    // The first half second is for warming up.
    double begin = 0;
    int ticks = 0;
    const int last = 1 + static_cast<int>(seconds * 2);
    server.every(std::chrono::milliseconds(500), [&] {
      if (++ticks == 1) {
        begin = thread_seconds();
        counted = done;
      } else if (ticks == last) {
        cpu = thread_seconds() - begin;
        counted = done - counted;
        server.stop();
      }
    });
    server.run();
  });
  loop.join();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  if (counted == 0) throw std::runtime_error("nothing was done");
  return cpu / static_cast<double>(counted);
}

void report(const char* what, double tls, double bare, double cryptography) {
  std::printf("%-12s %9.2f us of server CPU, %9.0f /s; OpenSSL alone %8.2f us (%.0f %%); without TLS %8.2f us\n", what,
              tls * 1e6, 1 / tls, cryptography * 1e6, 100 * cryptography / tls, bare * 1e6);
}

}  // namespace

int main(int count, char** arguments) {
  const double seconds = count > 1 ? std::atof(arguments[1]) : 2;
  try {
    mote::set_logger(mote::LogLevel::off, {});
    const double handshake = server_seconds_each(true, 0, seconds);
    report("handshake", handshake, server_seconds_each(false, 0, seconds),
           signature_seconds() + key_exchange_seconds());
    constexpr std::array<std::size_t, 2> kSizes = {20, 16 * 1024};
    for (const std::size_t size : kSizes) {
      const std::string what = "echo " + std::to_string(size) + " B";
      const double tls = server_seconds_each(true, size, seconds);
      report(what.c_str(), tls, server_seconds_each(false, size, seconds), 2 * cipher_seconds(size));
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tls_cost: %s\n", error.what());
    return 1;
  }
}
