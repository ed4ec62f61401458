#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "proto/ip_address.h"
#include "proto/proxy_header.h"

namespace mote::net {

/// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool valid() const { return number_ >= 0; }
  void reset();
  /// The same, and answers an errno or 0: of a file it may be told only now that what was written is not kept.
  [[nodiscard]] int close();

 private:
  int number_ = -1;
};

/// The other end's address in as few bytes as hold it; an IPv4-mapped IPv6 address counts as IPv4.
class PeerAddress {
 public:
  PeerAddress() = default;  // a Unix socket, which has none
  explicit PeerAddress(const sockaddr_storage& address);
  explicit PeerAddress(const proto::Endpoint& endpoint) : address_(endpoint.address), port_(endpoint.port) {}

  /// `192.0.2.1`, `2001:db8::1`; empty for a Unix socket.
  [[nodiscard]] std::string ip() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const proto::IpAddress& address() const { return address_; }
  /// For log lines: `192.0.2.1:40000`, `[2001:db8::1]:40000`, `unix`.
  [[nodiscard]] std::string to_string() const;

 private:
  using Family = proto::IpAddress::Family;
  proto::IpAddress address_;
  std::uint16_t port_ = 0;
};

/// This end's address of a connected socket.
PeerAddress local_address(int socket);

/// What a read or write came to.
struct IoResult {
  enum class State : std::uint8_t { done, would_block, end, failed };
  State state = State::done;
  bool more = false;           // a read: there may be more at once, for which no edge will come
  int error = 0;               // failed: errno
  std::size_t bytes = 0;       // done: of the connection's bytes; of a socket at least 1
  std::size_t wire_bytes = 0;  // a read: taken from the socket for that
};

namespace detail {

/// After a call that returned `bytes`, 0 or less: what that means, the call made again where a signal had ended it.
IoResult receive_again(int socket, std::span<std::byte> room, ssize_t bytes);
IoResult transmit_again(int socket, std::span<iovec> pieces, ssize_t bytes);
IoResult transmit_many(int socket, std::span<iovec> pieces);

}  // namespace detail

/// recv(2) into `room`, which is not empty; `end` where the peer will send no more. Inline: each message needs one.
inline IoResult receive(int socket, std::span<std::byte> room) {
  const ssize_t bytes = ::recv(socket, room.data(), room.size(), 0);
  if (bytes <= 0) [[unlikely]]
    return detail::receive_again(socket, room, bytes);
  const auto size = static_cast<std::size_t>(bytes);
  // A short read has emptied the socket.
  return {.more = size == room.size(), .bytes = size, .wire_bytes = size};
}

/// Writes what the kernel takes of `pieces`, of which there is at least one byte. Never raises SIGPIPE.
inline IoResult transmit(int socket, std::span<iovec> pieces) {
  if (pieces.size() != 1) return detail::transmit_many(socket, pieces);
  const ssize_t bytes = ::send(socket, pieces.front().iov_base, pieces.front().iov_len, MSG_NOSIGNAL);
  if (bytes <= 0) [[unlikely]]
    return detail::transmit_again(socket, pieces, bytes);
  return {.bytes = static_cast<std::size_t>(bytes)};
}

/// recv(2) of what stays in the socket; of that call again where a signal had ended it.
ssize_t peek(int socket, std::span<std::byte> room);
/// Bytes that the kernel has taken and the peer's has not acknowledged.
std::uint32_t unacknowledged_bytes(int socket);
/// Tells the peer that no more will come; what it still sends can be received.
void shutdown_writing(int socket);

}  // namespace mote::net
