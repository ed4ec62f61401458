#include "net/location.h"

#include <sys/un.h>

#include <charconv>
#include <stdexcept>

namespace mote::net {
namespace {

[[noreturn]] void reject(std::string_view location, std::string_view why) {
  throw std::invalid_argument("location \"" + std::string(location) + "\": " + std::string(why));
}

std::uint16_t parse_port(std::string_view location, std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) {
    reject(location, "the port must be a number from 0 to 65535");
  }
  return port;
}

Location parse_unix(std::string_view location, std::string_view rest) {
  if (!rest.starts_with('/')) reject(location, "the socket file must be an absolute path, as in ws+unix:///run/x.sock");
  if (rest.size() >= sizeof(sockaddr_un::sun_path))
    reject(location, "the socket file's path is too long for the system");
  Location parsed;
  parsed.kind = Location::Kind::unix_socket;
  parsed.socket_file = rest;
  return parsed;
}

Location parse_tcp(std::string_view location, std::string_view rest) {
  Location parsed;
  const std::size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos && slash + 1 < rest.size()) parsed.path = rest.substr(slash);
  if (rest.find_first_of("?# ") != std::string_view::npos)
    reject(location, "it cannot have a query, fragment or space");

  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) reject(location, "the IPv6 address has no closing bracket");
    parsed.host = authority.substr(1, bracket - 1);
    authority.remove_prefix(bracket + 1);
    if (!authority.empty() && !authority.starts_with(':')) reject(location, "expected a colon after the bracket");
  } else {
    const std::size_t colon = authority.find(':');
    if (authority.find(':', colon + 1) != std::string_view::npos && colon != std::string_view::npos) {
      reject(location, "an IPv6 address must be in brackets");
    }
    parsed.host = authority.substr(0, colon);
    authority.remove_prefix(parsed.host.size());
  }
  if (parsed.host.empty()) reject(location, "the host is missing; 0.0.0.0 or [::] takes connections on every address");
  if (!authority.empty()) parsed.port = parse_port(location, authority.substr(1));
  return parsed;
}

}  // namespace

Location parse_location(std::string_view text) {
  constexpr std::string_view tcp = "ws://";
  constexpr std::string_view unix_socket = "ws+unix://";
  if (text.starts_with(tcp)) return parse_tcp(text, text.substr(tcp.size()));
  if (text.starts_with(unix_socket)) return parse_unix(text, text.substr(unix_socket.size()));
  if (text.starts_with("wss://")) {
    Location parsed = parse_tcp(text, text.substr(6));
    parsed.secure = true;
    return parsed;
  }
  reject(text, "it must start with ws:// or ws+unix://");
}

std::string Location::to_string(std::uint16_t actual_port) const {
  if (kind == Kind::unix_socket) return "ws+unix://" + socket_file;
  const bool v6 = host.find(':') != std::string::npos;
  return (secure ? "wss://" : "ws://") + (v6 ? '[' + host + ']' : host) + ':' + std::to_string(actual_port) + path;
}

}  // namespace mote::net
