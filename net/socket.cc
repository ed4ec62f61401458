#include "net/socket.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "net/socket_address.h"

namespace mote::net {
namespace {

/// Of a call that has moved nothing.
IoResult result_of(ssize_t bytes) {
  if (bytes == 0) return {.state = IoResult::State::end};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {.state = IoResult::State::would_block};
  return {.state = IoResult::State::failed, .error = errno};
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void Descriptor::reset() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

/// An interrupted close(2) closes all the same, and loses nothing.
int Descriptor::close() { return ::close(std::exchange(number_, -1)) == 0 || errno == EINTR ? 0 : errno; }

PeerAddress::PeerAddress(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    address_ = proto::ip_address(std::as_bytes(std::span(&v4.sin_addr, 1)));
    port_ = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    address_ = proto::ip_address(std::as_bytes(std::span(&v6.sin6_addr, 1)));
    port_ = ntohs(v6.sin6_port);
  }
}

std::string PeerAddress::ip() const {
  if (address_.family == Family::none) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address_.family == Family::ipv4 ? AF_INET : AF_INET6, address_.octets.data(), text.data(), text.size());
  return text.data();
}

std::string PeerAddress::to_string() const {
  return address_.family == Family::none ? "unix" : host_and_port(ip(), port_);
}

PeerAddress local_address(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return PeerAddress(address);
}

IoResult detail::receive_again(int socket, std::span<std::byte> room, ssize_t bytes) {
  if (bytes < 0 && errno == EINTR) return receive(socket, room);
  return result_of(bytes);
}

IoResult detail::transmit_again(int socket, std::span<iovec> pieces, ssize_t bytes) {
  if (bytes < 0 && errno == EINTR) return transmit(socket, pieces);
  return result_of(bytes);
}

IoResult detail::transmit_many(int socket, std::span<iovec> pieces) {
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  const ssize_t bytes = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  return bytes > 0 ? IoResult{.bytes = static_cast<std::size_t>(bytes)} : transmit_again(socket, pieces, bytes);
}

ssize_t peek(int socket, std::span<std::byte> room) {
  ssize_t got = 0;
  do {
    got = ::recv(socket, room.data(), room.size(), MSG_PEEK);
  } while (got < 0 && errno == EINTR);
  return got;
}

std::uint32_t unacknowledged_bytes(int socket) {
  int bytes = 0;
  return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 ? static_cast<std::uint32_t>(bytes) : 0;
}

void shutdown_writing(int socket) { ::shutdown(socket, SHUT_WR); }

}  // namespace mote::net
