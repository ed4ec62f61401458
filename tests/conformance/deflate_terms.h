#pragma once

#include <cstdint>
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

/// What a client says of its own context. The public suite's gives the hint (RFC 7692 §7.1.1.2), on which a server may
/// insist; without it a server that allows takeover gets to see some.
enum class ClientContext : std::uint8_t { hinted_none, kept };

/// The value of Sec-WebSocket-Extensions of a client with these wishes. Every offer allows the server to restrain the
/// client's window.
std::string offers_of(const std::vector<DeflateWish>& wishes, ClientContext context = ClientContext::hinted_none);

/// What a server's Sec-WebSocket-Extensions agrees to. Throws a Failure where RFC 7692 does not allow that answer to
/// offers_of(wishes).
DeflateTerms terms_of(std::string_view response, const std::vector<DeflateWish>& wishes);

}  // namespace mote::conformance
