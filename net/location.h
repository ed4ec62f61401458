#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mote::net {

/// A server's location, taken apart: `ws://HOST[:PORT][/PATH]`, `wss://` likewise, or `ws+unix:///SOCKET/FILE`.
struct Location {
  enum class Kind : std::uint8_t { tcp, unix_socket };
  Kind kind = Kind::tcp;
  bool secure = false;      // tcp: wss, spoken over TLS
  std::string host;         // tcp: without brackets
  std::uint16_t port = 80;  // tcp; 443 where secure (RFC 6455 §3)
  std::string path;         // tcp: empty where every path is an endpoint
  std::string socket_file;  // unix_socket

  /// As a URL with that port in place of its own.
  [[nodiscard]] std::string to_string(std::uint16_t actual_port) const;
};

/// Throws std::invalid_argument, with the text and what is wrong in it.
Location parse_location(std::string_view text);

}  // namespace mote::net
