#pragma once

#include <cstdint>
#include <string_view>

namespace mote {

/// Close codes with a name (RFC 6455 §7.4.1 and the IANA registry). An application's own codes are 4000–4999.
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported_data = 1003;
inline constexpr std::uint16_t no_status = 1005;        ///< Only reported, never sent: a Close without a code.
inline constexpr std::uint16_t abnormal = 1006;         ///< Only reported, never sent: no Close was received.
inline constexpr std::uint16_t invalid_payload = 1007;  ///< Text that is not UTF-8.
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t message_too_big = 1009;
inline constexpr std::uint16_t mandatory_extension = 1010;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t service_restart = 1012;
inline constexpr std::uint16_t try_again_later = 1013;
inline constexpr std::uint16_t bad_gateway = 1014;
}  // namespace close_code

/// Who or what ended a connection.
enum class EndedBy : std::uint8_t {
  peer,            ///< The peer sent the first Close frame.
  local,           ///< This side did: `close`, `abort`, or an exception from a callback (1011).
  transport,       ///< The TCP connection ended or failed without a Close frame.
  timeout,         ///< No pong, no progress of output, or no answer to our Close in time.
  protocol_error,  ///< The peer broke the protocol (1002, 1007).
  limit,           ///< The peer passed one of the limits in Options (1008, 1009), or all together one (1013).
  shutdown,        ///< `Server::stop`, `Server::drain` or `Client::stop` (1001).
  handshake,       ///< Clients: it never opened; `on_error` has said why (1006).
};

/// How a connection ended; handed to `on_close`.
struct CloseInfo {
  /// The code of the peer's Close frame (1005 if that had none); where there was none, the code with which this side
  /// failed the connection, else 1006 (RFC 6455 §7.1.5).
  std::uint16_t code = close_code::abnormal;
  /// The reason that came or went with that code, UTF-8, at most 123 bytes. Valid until `on_close` returns.
  std::string_view reason;
  /// Whether both sides exchanged Close frames (RFC 6455 §7.1.4): the peer's has come, and ours is on its way. Whether
  /// the peer reads ours nobody learns.
  bool clean = false;
  EndedBy by = EndedBy::transport;
};

}  // namespace mote
