#include "net/socket.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

PeerAddress::PeerAddress(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    std::memcpy(bytes_.data(), &v4.sin_addr, sizeof v4.sin_addr);
    port_ = ntohs(v4.sin_port);
    family_ = Family::ipv4;
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    port_ = ntohs(v6.sin6_port);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
    const std::size_t skipped = mapped ? 12 : 0;
    std::memcpy(bytes_.data(), reinterpret_cast<const std::byte*>(&v6.sin6_addr) + skipped, 16 - skipped);
    family_ = mapped ? Family::ipv4 : Family::ipv6;
  }
}

std::string PeerAddress::ip() const {
  if (family_ == Family::none) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family_ == Family::ipv4 ? AF_INET : AF_INET6, bytes_.data(), text.data(), text.size());
  return text.data();
}

std::string PeerAddress::to_string() const { return family_ == Family::none ? "unix" : host_and_port(ip(), port_); }

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

std::uint32_t unacknowledged_bytes(int socket) {
  int bytes = 0;
  return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 ? static_cast<std::uint32_t>(bytes) : 0;
}

void shutdown_writing(int socket) { ::shutdown(socket, SHUT_WR); }

}  // namespace mote::net
