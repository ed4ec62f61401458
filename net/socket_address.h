#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mote::net {

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddresses>;

/// getaddrinfo(3) for streams of any family: its answer, 0 or an EAI_… code. `flags`: its ai_flags.
int find_addresses(const std::string& host, int flags, AddressList& list);

/// How many bytes of it connect(2) and bind(2) are to be told of: IPv4, IPv6 or Unix.
socklen_t size_of(const sockaddr_storage& address);
/// Of an IPv4 or IPv6 address.
void set_port(sockaddr_storage& address, std::uint16_t port);
/// Nothing where the path is empty, too long for the system, or has a zero byte.
std::optional<sockaddr_storage> unix_address(std::string_view file);

/// IPv4 and IPv6 in turns, each in its order, beginning with the family of the first: the resolver puts IPv6 first
/// where this machine has it (RFC 6724), and one family that leads nowhere then costs one attempt (RFC 8305 §4).
std::vector<sockaddr_storage> interleaved(const std::vector<sockaddr_storage>& addresses);

/// `example.org:80`, `[2001:db8::1]:80`.
std::string host_and_port(std::string_view host, std::uint16_t port);

}  // namespace mote::net
