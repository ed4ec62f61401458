#pragma once

#include <cstdint>
#include <string_view>

namespace mote::proto {

/// An HTTP answer that ends the connection.
struct Refusal {
  int status = 0;              ///< 0: the connection ends without an answer.
  std::string_view text = {};  ///< One line that says why, sent as the body; static, for those of the table.
  std::string_view rule = {};  ///< For the log: the RFC and section that it breaks; empty where it breaks none.
};

/// Every reason for which mote itself refuses a request, in the order of the table in refusal.cc.
enum class Fault : std::uint8_t {
  // not HTTP, or not where it is expected
  tls_on_plain_port,
  plain_http_on_tls_port,
  // the request's head (RFC 9112)
  bare_line_feed,
  bare_carriage_return,
  malformed_request_line,
  unknown_method,
  method_not_allowed,
  malformed_target,
  target_too_long,
  malformed_version,
  unsupported_http_version,
  head_too_large,
  too_many_header_lines,
  space_before_first_field,
  folded_line,
  malformed_field_name,
  control_character_in_value,
  missing_host,
  repeated_host,
  invalid_host,
  invalid_content_length,
  repeated_content_length,
  transfer_encoding_with_content_length,
  transfer_encoding_in_http_1_0,
  transfer_encoding_not_chunked,
  // the opening handshake (RFC 6455 §4.2.1), and what this server accepts (§4.2.2)
  handshake_method,
  connection_without_upgrade,
  invalid_version,
  unsupported_version,
  invalid_key,
  handshake_with_body,
  malformed_extensions,
  malformed_subprotocols,
  repeated_origin,
  unknown_endpoint,
  refused_origin,
  no_common_subprotocol,
  // the server
  page_not_found,
  only_websocket_here,
  internal_error,
  too_many_connections,
  too_many_handshakes,
  memory_used_up,
  unavailable,
};

/// The status and text for a fault: the one place that has them.
const Refusal& refusal_for(Fault fault);

}  // namespace mote::proto
