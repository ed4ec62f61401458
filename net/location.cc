#include "net/location.h"

#include <sys/un.h>

#include <stdexcept>

#include "net/socket_address.h"
#include "proto/url.h"

namespace mote::net {
namespace {

[[noreturn]] void reject(std::string_view location, std::string_view why) {
  throw std::invalid_argument(proto::fault_prefix("location", location).append(why));
}

Location unix_location(std::string_view location, const proto::UrlParts& parts) {
  if (parts.rest.size() >= sizeof(sockaddr_un::sun_path)) {
    reject(location, "the socket file's path is too long for the system");
  }
  Location parsed;
  parsed.kind = Location::Kind::unix_socket;
  parsed.socket_file = parts.rest;
  return parsed;
}

Location tcp_location(std::string_view location, const proto::UrlParts& parts) {
  if (parts.rest.find('?') != std::string_view::npos) reject(location, "it cannot have a query");
  Location parsed;
  parsed.secure = parts.scheme == proto::Scheme::wss;
  parsed.host = parts.authority.host;
  parsed.port = parts.authority.port.value_or(proto::default_port(parts.scheme));
  if (parts.rest.size() > 1) parsed.path = parts.rest;  // `/` alone says nothing
  return parsed;
}

}  // namespace

Location parse_location(std::string_view text) {
  const proto::UrlParts parts = proto::split_url(text);
  if (!parts.fault.empty()) {
    std::string why(parts.fault);
    if (parts.fault == proto::kHostMissing) why.append("; 0.0.0.0 or [::] takes connections on every address");
    reject(text, why);
  }
  return parts.scheme == proto::Scheme::unix_socket ? unix_location(text, parts) : tcp_location(text, parts);
}

std::string Location::to_string(std::uint16_t actual_port) const {
  if (kind == Kind::unix_socket) return std::string(proto::to_string(proto::Scheme::unix_socket)).append(socket_file);
  std::string text(proto::to_string(secure ? proto::Scheme::wss : proto::Scheme::ws));
  return text.append(host_and_port(host, actual_port)).append(path);
}

}  // namespace mote::net
