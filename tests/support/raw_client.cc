#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace mote::test {
namespace {

constexpr int kPatienceMs = 10'000;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

int connect_to(const sockaddr* address, socklen_t size) {
  const int socket = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail("socket");
  if (::connect(socket, address, size) != 0) {
    const int error = errno;
    ::close(socket);
    errno = error;
    fail("connect");
  }
  return socket;
}

}  // namespace

RawClient::RawClient(std::uint16_t port, const std::string& ip) {
  if (ip.find(':') != std::string::npos) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    ::inet_pton(AF_INET6, ip.c_str(), &address.sin6_addr);
    socket_ = connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
    socket_ = connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
}

RawClient::RawClient(const std::string& unix_socket_file) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, unix_socket_file.data(), unix_socket_file.size());
  socket_ = connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

RawClient::RawClient(RawClient&& other) noexcept
    : PeerStream(std::move(other)), socket_(std::exchange(other.socket_, -1)) {}

RawClient::~RawClient() { close(); }

RawClient RawClient::open(std::uint16_t port, std::string_view target, std::string_view lines) {
  RawClient client(port);
  client.upgrade(target, lines);
  return client;
}

RawClient RawClient::adopt(int descriptor) {
  RawClient client;
  client.socket_ = descriptor;
  return client;
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd ready{socket_, POLLOUT, 0};
    if (::poll(&ready, 1, kPatienceMs) != 1) fail("the peer does not read");
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t RawClient::send_some(std::string_view bytes) {
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

bool RawClient::readable_within(int milliseconds) {
  if (!buffer().empty()) return true;
  pollfd ready{socket_, POLLIN, 0};
  return ::poll(&ready, 1, milliseconds) == 1;
}

std::string RawClient::read_some() {
  if (buffer().empty()) fill();
  return std::exchange(buffer(), {});
}

void RawClient::fill() {
  pollfd ready{socket_, POLLIN, 0};
  if (::poll(&ready, 1, kPatienceMs) != 1) throw std::runtime_error("nothing came in time");
  std::array<char, 65536> bytes;
  const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (got < 0) note_reset();
  if (got <= 0) throw ConnectionEnded("the peer has ended the connection");
  buffer().append(bytes.data(), static_cast<std::size_t>(got));
}

void RawClient::shutdown_writing() { ::shutdown(socket_, SHUT_WR); }

void RawClient::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void RawClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void RawClient::set_receive_buffer(int bytes) { ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); }

}  // namespace mote::test
