#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <mote/close.h>

#include "proto/violation.h"

namespace mote::proto {

/// Whether a Close frame may carry that code: 1000–1003 and 1007–1014, which are registered, and 3000–4999 (RFC 6455
/// §7.4; 1004–1006 and 1015 never appear in a frame).
[[nodiscard]] constexpr bool may_be_sent(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/// What a Close frame's payload says (RFC 6455 §5.5.1).
struct ClosePayload {
  std::uint16_t code = close_code::no_status;
  std::string_view reason;  // into the payload
  Violation violation = Violation::none;
};

/// `payload`: unmasked, at most 125 bytes.
[[nodiscard]] ClosePayload parse_close(std::span<const std::byte> payload);

/// The payload of a Close frame, at most 125 bytes: empty for 1005, which stands for no code. A longer reason is cut at
/// the end of a character. `reason` must be UTF-8.
[[nodiscard]] std::string close_payload(std::uint16_t code, std::string_view reason);

}  // namespace mote::proto
