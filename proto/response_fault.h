#pragma once

#include <cstdint>
#include <string_view>

namespace mote::proto {

/// Every reason for which a client fails a connection over the response to its opening handshake, or to CONNECT, in the
/// order of the table in response_fault.cc.
enum class ResponseFault : std::uint8_t {
  none,
  // the response's head (RFC 9112)
  malformed_status_line,
  unsupported_http_version,
  bare_line_feed,
  bare_carriage_return,
  space_before_first_field,
  folded_line,
  malformed_field_name,
  control_character_in_value,
  head_too_large,
  too_many_header_lines,
  // the opening handshake (RFC 6455 §4.1)
  switching_in_http_1_0,
  upgrade_not_websocket,
  connection_without_upgrade,
  accept_missing,
  accept_repeated,
  accept_wrong,
  subprotocol_repeated,
  subprotocol_not_offered,
  // its extensions (RFC 6455 §9.1, RFC 7692 §7)
  repeated_extensions,
  malformed_extensions,
  several_extensions,
  extension_not_offered,
  deflate_parameter,
  server_takeover_not_declined,
  server_window_above_offer,
  client_window_above_offer,
};

struct ResponseFaultInfo {
  ResponseFault fault;
  bool limit;             ///< A limit of ClientOptions rather than a rule of the protocol.
  std::string_view text;  ///< Names the rule and its section.
};

/// The one table of them.
[[nodiscard]] const ResponseFaultInfo& info_of(ResponseFault fault);

}  // namespace mote::proto
