#include "net/socket_address.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

namespace mote::net {

int find_addresses(const std::string& host, int flags, AddressList& list) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error == 0) list.reset(found);
  return error;
}

socklen_t size_of(const sockaddr_storage& address) {
  switch (address.ss_family) {
    case AF_INET:
      return sizeof(sockaddr_in);
    case AF_INET6:
      return sizeof(sockaddr_in6);
    default:
      return sizeof(sockaddr_un);
  }
}

void set_port(sockaddr_storage& address, std::uint16_t port) {
  if (address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(address).sin_port = htons(port);
  }
}

std::optional<sockaddr_storage> unix_address(std::string_view file) {
  sockaddr_un address{};
  if (file.empty() || file.size() >= sizeof address.sun_path || file.find('\0') != std::string_view::npos)
    return std::nullopt;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, file.data(), file.size());
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, sizeof address);
  return storage;
}

std::vector<sockaddr_storage> interleaved(const std::vector<sockaddr_storage>& addresses) {
  std::vector<sockaddr_storage> turns;
  turns.reserve(addresses.size());
  const auto end = addresses.end();
  if (addresses.empty()) return turns;
  const auto first_family = addresses.front().ss_family;
  const auto one_of = [&](auto from, bool first) {
    return std::find_if(from, end, [&](const sockaddr_storage& a) { return (a.ss_family == first_family) == first; });
  };
  auto next = one_of(addresses.begin(), true);
  auto other = one_of(addresses.begin(), false);
  while (next != end || other != end) {
    if (next != end) {
      turns.push_back(*next);
      next = one_of(next + 1, true);
    }
    if (other != end) {
      turns.push_back(*other);
      other = one_of(other + 1, false);
    }
  }
  return turns;
}

std::string host_and_port(std::string_view host, std::uint16_t port) {
  std::string text;
  const bool v6 = host.find(':') != std::string_view::npos;
  text.append(v6 ? "[" : "").append(host).append(v6 ? "]:" : ":").append(std::to_string(port));
  return text;
}

}  // namespace mote::net
