#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <mote/compression.h>
#include <mote/headers.h>

#include "proto/frame.h"
#include "proto/response_fault.h"

namespace mote::proto {

inline constexpr std::string_view kDeflateName = "permessage-deflate";
inline constexpr int kMinWindowBits = 8;
inline constexpr int kMaxWindowBits = 15;

/// What the compressor of one side keeps to.
struct CompressorLimits {
  std::uint8_t window_bits = kMaxWindowBits;
  bool takeover = true;  ///< A message may refer to those before it.
};

/// What both sides agreed on for permessage-deflate (RFC 7692 §7.1).
struct DeflateParameters {
  std::uint8_t server_max_window_bits = kMaxWindowBits;
  std::uint8_t client_max_window_bits = kMaxWindowBits;
  bool server_no_context_takeover : 1 = false;
  bool client_no_context_takeover : 1 = false;
  /// Whether the response names the windows; where it does not, they are 15.
  bool names_server_window : 1 = false;
  bool names_client_window : 1 = false;

  /// `side`: the one that compresses; peer_of() the own role for what is to be decompressed.
  [[nodiscard]] CompressorLimits compressor_of(Role side) const {
    return side == Role::server ? CompressorLimits{server_max_window_bits, !server_no_context_takeover}
                                : CompressorLimits{client_max_window_bits, !client_no_context_takeover};
  }
  /// The element of Sec-WebSocket-Extensions that says so in the response.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const DeflateParameters&) const = default;
};

/// What a server makes of the extensions that a client offers.
struct ExtensionsVerdict {
  bool malformed = false;                    ///< Breaks the grammar of RFC 6455 §9.1: the handshake fails.
  std::optional<DeflateParameters> deflate;  ///< None: every offer is declined.
};

/// Judges the list that all Sec-WebSocket-Extensions fields make together (RFC 6455 §11.3.2): the first offer of
/// permessage-deflate that is correct is accepted, with what `settings` want of it. One with a parameter that is
/// unknown, repeated or out of range is declined (RFC 7692 §7), like every other extension.
ExtensionsVerdict judge_extensions(Headers headers, const Compression& settings);

/// The value of Sec-WebSocket-Extensions with which a client offers what `settings` want (RFC 7692 §7.1); empty where
/// they want nothing.
std::string deflate_offer(const Compression& settings);

/// What a client makes of the extensions in the response.
struct ExtensionsAnswer {
  ResponseFault fault = ResponseFault::none;  ///< Else the connection fails (RFC 7692 §7, RFC 6455 §9.1).
  std::optional<DeflateParameters> deflate;   ///< None: messages go as they are.
};

/// Judges the Sec-WebSocket-Extensions of the response to deflate_offer(settings).
ExtensionsAnswer judge_extensions_answer(Headers headers, const Compression& settings);

}  // namespace mote::proto
