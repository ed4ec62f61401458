#include "tests/support/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace mote::test {
namespace {

constexpr int kPatienceMs = 10'000;

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what).append(": ").append(std::strerror(errno)));
}

/// Sec-WebSocket-Accept (RFC 6455 §4.2.2) of the request.
std::string accept_of(const std::string& request) {
  constexpr std::string_view name = "Sec-WebSocket-Key: ";
  const std::size_t at = request.find(name);
  if (at == std::string::npos) throw std::runtime_error("no key in " + request);
  const std::size_t begin = at + name.size();
  const std::string text =
      request.substr(begin, request.find("\r\n", begin) - begin) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 29> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
  return reinterpret_cast<const char*>(base64.data());
}

}  // namespace

ScriptedServer::ScriptedServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  check(socket_ >= 0 && ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
            ::listen(socket_, 16) == 0 && ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
        "cannot listen");
  port_ = ntohs(address.sin_port);
}

ScriptedServer::~ScriptedServer() { ::close(socket_); }

bool ScriptedServer::connected_within(int milliseconds) const {
  pollfd ready{socket_, POLLIN, 0};
  return ::poll(&ready, 1, milliseconds) == 1;
}

RawClient ScriptedServer::accept() {
  check(connected_within(kPatienceMs), "no client came");
  const int accepted = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
  check(accepted >= 0, "accept");
  RawClient client = RawClient::adopt(accepted);
  client.expect_masked();
  return client;
}

TlsPeer ScriptedServer::accept_tls(const TlsSetup& setup) {
  TlsPeer client(accept(), setup);
  client.expect_masked();
  return client;
}

std::string switching_protocols(const std::string& request, std::string_view lines) {
  return std::string(
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: ")
      .append(accept_of(request))
      .append("\r\n")
      .append(lines)
      .append("\r\n");
}

std::string answer_upgrade(PeerStream& client, std::string_view lines) {
  std::string request = client.read_head();
  client.send(switching_protocols(request, lines));
  return request;
}

std::string server_frame(unsigned opcode, std::string_view payload) {
  return client_frame(opcode, payload, {.masked = false});
}

}  // namespace mote::test
