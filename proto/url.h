#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/authority.h"

namespace mote::proto {

enum class Scheme : std::uint8_t {
  ws,
  wss,          ///< With TLS.
  unix_socket,  ///< `ws+unix://`: a socket's file in place of host and port.
};

/// The port that a URL without one means (RFC 6455 §3); 0 for a Unix socket.
std::uint16_t default_port(Scheme scheme);
/// With the colon and slashes.
std::string_view to_string(Scheme scheme);

/// The parts of a WebSocket URL, as they stand in it; for what a server listens at as well as for parse_url().
struct UrlParts {
  Scheme scheme = Scheme::ws;
  HostAndPort authority = {};   ///< ws, wss
  std::string_view rest = {};   ///< From the slash or question mark on; of a Unix socket: the file, an absolute path.
  std::string_view fault = {};  ///< Static: what is wrong; empty where nothing is.
};

UrlParts split_url(std::string_view text);

/// What a client connects to, and asks for there: a WebSocket URI, RFC 6455 §3.
struct Url {
  Scheme scheme = Scheme::ws;
  std::string host = {};         ///< ws, wss: without brackets; an IPv6 address may have a zone.
  std::uint16_t port = 0;        ///< ws, wss: never 0.
  std::string target = "/";      ///< Path and query, as they are sent.
  std::string host_field = {};   ///< The Host field: without the port where that is the scheme's (RFC 9110 §7.2).
  std::string socket_file = {};  ///< unix_socket; the request is then for `/` at `localhost`.
};

/// Throws std::invalid_argument, with the text and what is wrong in it; a password is left out.
Url parse_url(std::string_view text);

/// Begins the text of such an exception: `what "text": `, without user information and control characters, which nobody
/// wants in a log.
std::string fault_prefix(std::string_view what, std::string_view text);

}  // namespace mote::proto
