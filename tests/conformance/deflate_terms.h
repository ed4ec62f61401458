#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mote::conformance {

/// What one end asks of the other's compressor (RFC 7692 §7.1).
struct DeflateWish {
  bool no_context_takeover = false;
  int max_window_bits = 0;  ///< 8 to 15; 0: not asked.
};

/// What both ends have agreed on for a connection.
struct DeflateTerms {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  int server_window_bits = 15;
  int client_window_bits = 15;

  bool operator==(const DeflateTerms&) const = default;
};

/// The value of Sec-WebSocket-Extensions of a client with these wishes. Every offer allows the server both parameters
/// that restrain the client.
std::string offers_of(const std::vector<DeflateWish>& wishes);

/// What a server's Sec-WebSocket-Extensions agrees to. Throws a Failure where RFC 7692 does not allow that answer to
/// offers_of(wishes).
DeflateTerms terms_of(std::string_view response, const std::vector<DeflateWish>& wishes);

}  // namespace mote::conformance
