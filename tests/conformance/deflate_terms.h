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

/// What this end says of its own context. The public suite's gives it up (RFC 7692 §7.1.1), on which the other end may
/// insist; without that an end that allows takeover gets to see some.
enum class OwnContext : std::uint8_t { declined, kept };

/// The value of Sec-WebSocket-Extensions of a client with these wishes. Every offer allows the server to restrain the
/// client's window.
std::string offers_of(const std::vector<DeflateWish>& wishes, OwnContext context = OwnContext::declined);

/// What a server's Sec-WebSocket-Extensions agrees to. Throws a Failure where RFC 7692 does not allow that answer to
/// offers_of(wishes).
DeflateTerms terms_of(std::string_view response, const std::vector<DeflateWish>& wishes);

/// The value of a server's Sec-WebSocket-Extensions, and what it agrees to.
struct DeflateAnswer {
  std::string response;
  DeflateTerms terms;
};

/// Answers a client's Sec-WebSocket-Extensions with the first wish that an offer of it allows. Throws a Failure where
/// the offers are not those of RFC 7692 §7.1, or allow no wish.
DeflateAnswer answer_to(std::string_view offers, const std::vector<DeflateWish>& wishes,
                        OwnContext context = OwnContext::declined);

}  // namespace mote::conformance
