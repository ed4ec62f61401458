#include "tests/fault/far_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace mote::fault {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

struct SystemAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

template <class Part>
SystemAddress made_of(const Part& part) {
  SystemAddress made;
  std::memcpy(&made.storage, &part, sizeof part);
  made.size = sizeof part;
  return made;
}

SystemAddress system_address(const Address& address) {
  if (address.family == Address::Family::ipv4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return made_of(v4);
  }
  if (address.family == Address::Family::ipv6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    v6.sin6_addr = in6addr_loopback;
    return made_of(v6);
  }
  sockaddr_un file{};
  file.sun_family = AF_UNIX;
  std::memcpy(file.sun_path, address.file.data(), std::min(address.file.size(), sizeof file.sun_path - 1));
  return made_of(file);
}

int make_socket(const SystemAddress& address) {
  const int made = ::socket(address.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made < 0) throw std::runtime_error(std::string("the test can have no socket: ") + std::strerror(errno));
  const int on = 1;  // else what it says waits for what has not been acknowledged
  if (address.get()->sa_family != AF_UNIX) ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return made;
}

}  // namespace

bool FarSocket::connect(const Address& address) {
  descriptor_ = make_socket(system_address(address));
  return connect_socket(address);
}

bool FarSocket::connect_from(std::uint32_t source, const Address& address) {
  descriptor_ = make_socket(system_address(address));
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(source);
  const SystemAddress own = made_of(from);
  if (::bind(descriptor_, own.get(), own.size) != 0) throw std::runtime_error("the test can bind no socket");
  return connect_socket(address);
}

bool FarSocket::connect_socket(const Address& address) {
  const SystemAddress where = system_address(address);
  const bool good = ::connect(descriptor_, where.get(), where.size) == 0 || errno == EINPROGRESS;
  ended_ = !good;
  return good;
}

void FarSocket::adopt(int descriptor) { descriptor_ = descriptor; }

void FarSocket::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  ended_ = true;
}

void FarSocket::reset() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void FarSocket::shut_down_writing() { ::shutdown(descriptor_, SHUT_WR); }

bool FarSocket::move() {
  if (descriptor_ < 0) return false;
  const bool wrote = write_some();
  return read_some() || wrote;
}

bool FarSocket::write_some() {
  if (outgoing_.empty() || ended_) return false;
  const auto sent = ::send(descriptor_, outgoing_.data(), std::min(outgoing_.size(), most_at_once_), MSG_NOSIGNAL);
  if (sent > 0) outgoing_.erase(0, static_cast<std::size_t>(sent));
  if (sent >= 0) return true;
  if (errno != EAGAIN) outgoing_.clear();  // reading tells why
  return errno != EAGAIN;
}

bool FarSocket::read_some() {
  if (!reads_ || ended_) return false;
  static std::array<char, kReadBytes> room;
  const auto got = ::recv(descriptor_, room.data(), room.size(), 0);
  if (got > 0) incoming_.append(room.data(), static_cast<std::size_t>(got));
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != ENOTCONN)) ended_ = true;
  return got > 0 || ended_;
}

std::string FarSocket::take_input() { return std::exchange(incoming_, {}); }

FarListener::FarListener(Address address, int backlog) : address_(std::move(address)) {
  if (address_.family == Address::Family::unix_socket) ::unlink(address_.file.c_str());
  const SystemAddress where = system_address(address_);
  descriptor_ = make_socket(where);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::bind(descriptor_, where.get(), where.size) != 0 || ::listen(descriptor_, backlog) != 0 ||
      ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    throw std::runtime_error(std::string("the test cannot listen: ") + std::strerror(errno));
  }
  if (address_.family != Address::Family::unix_socket) {
    address_.port = ntohs(reinterpret_cast<const sockaddr_in&>(bound).sin_port);  // in the same place of both families
  }
}

FarListener::~FarListener() {
  ::close(descriptor_);
  if (address_.family == Address::Family::unix_socket) ::unlink(address_.file.c_str());
}

void FarListener::leave_file(const Address& address) {
  const SystemAddress where = system_address(address);
  const int made = make_socket(where);
  const int bound = ::bind(made, where.get(), where.size);
  ::close(made);
  if (bound != 0) throw std::runtime_error(std::string("the test can bind no socket: ") + std::strerror(errno));
}

int FarListener::accept() const { return ::accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }

}  // namespace mote::fault
