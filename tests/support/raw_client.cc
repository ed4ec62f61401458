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

void append_big_endian(std::string& to, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) to += static_cast<char>(value >> (8 * i));
}

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

std::string client_frame(unsigned opcode, std::string_view payload, const FrameBits& bits) {
  std::string frame;
  frame += static_cast<char>((bits.fin ? 0x80U : 0U) | bits.reserved << 4 | opcode);
  const std::uint64_t size = bits.announced.value_or(payload.size());
  const unsigned mask_bit = bits.masked ? 0x80 : 0;
  if (bits.length_bytes == 8 || (bits.length_bytes == 0 && size > 0xFFFF)) {
    frame += static_cast<char>(mask_bit | 127);
    append_big_endian(frame, size, 8);
  } else if (bits.length_bytes == 2 || size > 125) {
    frame += static_cast<char>(mask_bit | 126);
    append_big_endian(frame, size, 2);
  } else {
    frame += static_cast<char>(mask_bit | size);
  }
  if (!bits.masked) return frame.append(payload);
  std::array<char, 4> key{};
  std::memcpy(key.data(), &bits.key, 4);
  frame.append(key.data(), 4);
  const std::size_t begin = frame.size();
  frame.append(payload);
  for (std::size_t i = 0; i < payload.size(); ++i) frame[begin + i] = static_cast<char>(frame[begin + i] ^ key[i % 4]);
  return frame;
}

std::string close_frame(std::uint16_t code, std::string_view reason) {
  std::string payload;
  append_big_endian(payload, code, 2);
  return client_frame(8, payload.append(reason));
}

std::string upgrade_request(std::string_view target, std::string_view lines) {
  return std::string("GET ")
      .append(target)
      .append(
          " HTTP/1.1\r\nHost: test.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")
      .append(lines)
      .append("\r\n");
}

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
    : socket_(std::exchange(other.socket_, -1)),
      reset_(other.reset_),
      compression_(other.compression_),
      buffer_(std::move(other.buffer_)) {}

RawClient::~RawClient() { close(); }

RawClient RawClient::open(std::uint16_t port, std::string_view target, std::string_view lines) {
  RawClient client(port);
  client.send(upgrade_request(target, lines));
  const std::string head = client.read_head();
  if (!head.starts_with("HTTP/1.1 101 ")) throw std::runtime_error("no 101 but " + head);
  return client;
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd ready{socket_, POLLOUT, 0};
    if (::poll(&ready, 1, kPatienceMs) != 1) fail("the server does not read");
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
  if (!buffer_.empty()) return true;
  pollfd ready{socket_, POLLIN, 0};
  return ::poll(&ready, 1, milliseconds) == 1;
}

void RawClient::fill() {
  pollfd ready{socket_, POLLIN, 0};
  if (::poll(&ready, 1, kPatienceMs) != 1) throw std::runtime_error("nothing came in time");
  std::array<char, 65536> bytes;
  const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (got < 0) reset_ = true;
  if (got <= 0) throw ConnectionEnded("the server has ended the connection");
  buffer_.append(bytes.data(), static_cast<std::size_t>(got));
}

std::string RawClient::read_exactly(std::size_t size) {
  while (buffer_.size() < size) fill();
  std::string bytes = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return bytes;
}

std::string RawClient::read_head() {
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) fill();
  return read_exactly(end + 4);
}

std::string RawClient::read_response() {
  std::string response = read_head();
  constexpr std::string_view name = "\r\nContent-Length: ";
  const std::size_t at = response.find(name);
  if (at == std::string::npos) return response;
  return response + read_exactly(std::stoul(response.substr(at + name.size())));
}

Frame RawClient::read_frame() {
  const std::string start = read_exactly(2);
  Frame frame;
  frame.opcode = static_cast<unsigned char>(start[0]) & 0x0FU;
  frame.fin = (static_cast<unsigned char>(start[0]) & 0x80U) != 0;
  frame.compressed = (start[0] & 0x40) != 0;
  if ((start[0] & (compression_ ? 0x30 : 0x70)) != 0)
    throw std::runtime_error("reserved bit in a frame from the server");
  std::uint64_t size = static_cast<unsigned char>(start[1]);
  if (size > 127) throw std::runtime_error("masked frame from the server");
  if (size >= 126) {
    const std::string length = read_exactly(size == 126 ? 2 : 8);
    size = 0;
    for (const char c : length) size = size << 8 | static_cast<unsigned char>(c);
    if (size < (length.size() == 2 ? 126U : 65536U)) throw std::runtime_error("length is not minimal");
  }
  frame.payload = read_exactly(size);
  return frame;
}

std::string RawClient::read_to_end() {
  try {
    for (;;) fill();
  } catch (const std::runtime_error& error) {
    if (std::string_view(error.what()).starts_with("nothing")) throw;
  }
  return std::exchange(buffer_, {});
}

std::uint16_t RawClient::read_close_code() {
  try {
    Frame frame = read_frame();
    while (frame.opcode == 9) frame = read_frame();
    if (frame.opcode != 8)
      throw std::logic_error("a frame of opcode " + std::to_string(frame.opcode) + " before Close");
    if (frame.payload.empty()) return 1005;
    return static_cast<std::uint16_t>(static_cast<unsigned char>(frame.payload[0]) << 8 |
                                      static_cast<unsigned char>(frame.payload[1]));
  } catch (const std::runtime_error& error) {
    if (std::string_view(error.what()).starts_with("nothing")) throw;
    return 0;
  }
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
