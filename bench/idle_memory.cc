// What an idle connection costs: user-space memory of a server with N of them, each with its request head kept, without
// and with permessage-deflate, and over TLS. A connection is idle once it has had a message echoed, where it has one of
// those.
//
//     idle_memory [CONNECTIONS]     default 10,000

#include <mote/mote.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/requests.h"
#include "tests/support/certificates.h"

namespace {

using mote::bench::kBrowserRequest;
using mote::bench::kLibraryRequest;

/// A client's frame with 1,000 times `x`, compressed; the masking key is 0.
constexpr std::string_view kCompressedFrame(
    "\xC1\x8E\0\0\0\0"
    "\xAA\xA8\x18\x05\xA3\x21\x30\x1A\x02\xC3\x3D\x04\0\0",
    20);

struct Setting {
  std::string_view name;
  std::string_view request;
  mote::Compression compression;
  bool tls = false;
};

/// Resident bytes of this process that no file backs.
long resident_bytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    long kibibytes = 0;
    if (word == "RssAnon:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// Child process: opens the connections, a byte to `ready` when all are open, and holds them until `release` ends.
[[noreturn]] void hold_connections(std::uint16_t port, const Setting& setting, int connections, int ready,
                                   int release) {
  const std::string_view request = setting.request;
  for (int i = 0; i < connections; ++i) {
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (client < 0 || ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
    if (::send(client, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size())) fail("send");
    char response[512];
    if (::recv(client, response, sizeof response, 0) <= 0) fail("recv");
    if (setting.compression.mode == mote::CompressionMode::off) continue;
    if (::send(client, kCompressedFrame.data(), kCompressedFrame.size(), 0) < 0) fail("send");
    if (::recv(client, response, sizeof response, 0) <= 0) fail("recv");
  }
  char byte = 0;
  if (::write(ready, &byte, 1) != 1) fail("write");
  static_cast<void>(::read(release, &byte, 1));
  std::_Exit(0);
}

/// The same over TLS, with mote's client.
[[noreturn]] void hold_tls_connections(const std::string& url, const std::string& ca_pem, int connections, int ready,
                                       int release) {
  mote::Client client;
  mote::ClientOptions options;
  options.tls.ca_pem = ca_pem;
  options.handshakes_per_address = 64;
  options.connect_timeout = options.handshake_timeout = std::chrono::minutes(2);  // all of them wait for their turn
  int echoed = 0;
  for (int i = 0; i < connections; ++i) {
    client.connect(url, options,
                   mote::Handlers{.on_open = [](mote::Connection& socket) { socket.send(std::string(1000, 'x')); },
                                  .on_message =
                                      [&](mote::Connection&, std::string_view) {
                                        char byte = 0;
                                        if (++echoed == connections && ::write(ready, &byte, 1) != 1) fail("write");
                                      },
                                  .on_error =
                                      [](mote::Connection&, const mote::Error& error) {
                                        std::fprintf(stderr, "%s\n", error.what());
                                        std::_Exit(1);
                                      }});
  }
  std::thread([release] {
    char byte = 0;
    static_cast<void>(::read(release, &byte, 1));
    std::_Exit(0);
  }).detach();
  client.run();
  std::_Exit(1);
}

/// In a process of its own, so that no memory freed by an earlier measurement is used again.
int measure(const Setting& setting, int connections) {
  mote::Options options;
  options.compression = setting.compression;
  std::string ca_pem;
  if (setting.tls) {
    const mote::test::CertificateAuthority authority;
    const mote::test::Identity identity = authority.issue({.ip_addresses = {"127.0.0.1"}});
    ca_pem = authority.certificate_pem();
    options.tls.certificate_chain_pem = identity.certificate_pem;
    options.tls.private_key_pem = identity.key_pem;
  }
  mote::Server server(setting.tls ? "wss://127.0.0.1:0" : "ws://127.0.0.1:0", options);
  server.start({.on_message = [](mote::Connection& socket, std::string_view text) { socket.send(text); }});
  int ready[2];
  int release[2];
  if (::pipe(ready) != 0 || ::pipe(release) != 0) fail("pipe");
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    ::close(release[1]);
    if (setting.tls) {
      hold_tls_connections(server.location(), ca_pem, connections, ready[1], release[0]);
    }
    hold_connections(server.port(), setting, connections, ready[1], release[0]);
  }
  ::close(ready[1]);
  std::thread loop([&] { server.run(); });
  const long before = resident_bytes();
  char byte = 0;
  const bool held = ::read(ready[0], &byte, 1) == 1;
  const auto open = static_cast<int>(server.connection_count());
  const long each = (resident_bytes() - before) / connections;
  ::close(release[1]);
  server.stop();
  loop.join();
  ::waitpid(child, nullptr, 0);
  if (!held || open != connections) {
    std::fprintf(stderr, "only %d of %d connections opened: is RLIMIT_NOFILE high enough?\n", open, connections);
    return 1;
  }
  std::printf("%d idle connections, %.*s: %ld bytes of user-space memory each", connections,
              static_cast<int>(setting.name.size()), setting.name.data(), each);
  if (!setting.request.empty()) std::printf(", of which %zu are the request head", setting.request.size());
  std::printf("\n");
  return 0;
}

int measure_in_child(const Setting& setting, int connections) {
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    const int status = measure(setting, connections);
    std::fflush(stdout);
    std::_Exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const int connections = count > 1 ? std::max(1, std::atoi(arguments[1])) : 10'000;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  constexpr mote::Compression deflate{.mode = mote::CompressionMode::on};
  constexpr mote::Compression takeover{
      .mode = mote::CompressionMode::on, .server_context_takeover = true, .client_context_takeover = true};
  constexpr mote::Compression small_takeover{.mode = mote::CompressionMode::on,
                                             .server_max_window_bits = 10,
                                             .client_max_window_bits = 10,
                                             .memory_level = 2,
                                             .server_context_takeover = true,
                                             .client_context_takeover = true};
  int status = 0;
  for (const Setting& setting : {
           Setting{"a library's client", kLibraryRequest, {}},
           Setting{"a browser", kBrowserRequest, {}},
           Setting{"a browser, permessage-deflate", kBrowserRequest, deflate},
           Setting{"a browser, with context takeover", kBrowserRequest, takeover},
           Setting{"a browser, with context takeover, windows of 1 KiB, memory level 2", kBrowserRequest,
                   small_takeover},
           Setting{"mote's client, over TLS", {}, {}, true},
       }) {
    status |= measure_in_child(setting, connections);
  }
  return status;
}
