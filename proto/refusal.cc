#include "proto/refusal.h"

#include <cstddef>
#include <iterator>

namespace mote::proto {
namespace {

struct Row {
  Fault fault;
  Refusal refusal;
};

constexpr Row kTable[] = {
    {Fault::tls_on_plain_port, {0, "TLS on a port without TLS (ws://)."}},
    {Fault::plain_http_on_tls_port, {400, "This port speaks TLS: use wss:// or https://."}},
    {Fault::bare_line_feed, {400, "A line feed without a carriage return."}},
    {Fault::bare_carriage_return, {400, "A carriage return without a line feed."}},
    {Fault::malformed_request_line, {400, "The request line is malformed."}},
    {Fault::unknown_method, {501, "This method is not implemented."}},
    {Fault::method_not_allowed, {405, "Only GET and HEAD are allowed."}},
    {Fault::malformed_target, {400, "The request target is malformed."}},
    {Fault::target_too_long, {414, "The request target is too long."}},
    {Fault::malformed_version, {400, "The HTTP version is malformed."}},
    {Fault::unsupported_http_version, {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."}},
    {Fault::head_too_large, {431, "The request head is too large."}},
    {Fault::too_many_header_lines, {431, "Too many header lines."}},
    {Fault::space_before_first_field, {400, "White space before the first header."}},
    {Fault::folded_line, {400, "A header is folded over several lines."}},
    {Fault::malformed_field_name, {400, "A header has no valid name followed by a colon."}},
    {Fault::control_character_in_value, {400, "A header's value has a control character."}},
    {Fault::missing_host, {400, "The Host header is missing."}},
    {Fault::repeated_host, {400, "The Host header is repeated."}},
    {Fault::invalid_host, {400, "The Host header is invalid."}},
    {Fault::invalid_content_length, {400, "The Content-Length is invalid."}},
    {Fault::repeated_content_length, {400, "The Content-Length is repeated."}},
    {Fault::transfer_encoding_with_content_length, {400, "Both Transfer-Encoding and Content-Length."}},
    {Fault::transfer_encoding_in_http_1_0, {400, "HTTP/1.0 has no Transfer-Encoding."}},
    {Fault::transfer_encoding_not_chunked, {400, "The Transfer-Encoding does not end in one chunked."}},
    {Fault::handshake_method, {405, "A WebSocket handshake is a GET request."}},
    {Fault::connection_without_upgrade, {400, "The Connection header lacks upgrade."}},
    {Fault::invalid_version, {400, "Sec-WebSocket-Version is missing, repeated or malformed."}},
    {Fault::unsupported_version, {426, "Only version 13 of the WebSocket protocol is spoken here."}},
    {Fault::invalid_key, {400, "Sec-WebSocket-Key is missing, repeated or not 16 bytes in Base64."}},
    {Fault::handshake_with_body, {400, "A WebSocket handshake has no content."}},
    {Fault::malformed_extensions, {400, "Sec-WebSocket-Extensions is malformed."}},
    {Fault::malformed_subprotocols, {400, "Sec-WebSocket-Protocol is malformed or names one twice."}},
    {Fault::repeated_origin, {400, "The Origin header is repeated."}},
    {Fault::unknown_endpoint, {404, "No WebSocket endpoint has this path."}},
    {Fault::refused_origin, {403, "This origin may not connect."}},
    {Fault::no_common_subprotocol, {400, "None of the subprotocols offered is spoken here."}},
    {Fault::page_not_found, {404, "Not found."}},
    {Fault::only_websocket_here, {426, "This is a WebSocket endpoint."}},
    {Fault::internal_error, {500, "Internal error."}},
    {Fault::too_many_connections, {503, "Too many connections from this address."}},
    {Fault::too_many_handshakes, {429, "Too many handshakes from this address."}},
    {Fault::memory_used_up, {503, "The server has no memory left for more connections."}},
    {Fault::unavailable, {503, "The server is full or shutting down."}},
};

constexpr bool rows_are_in_the_order_of_the_enumerators() {
  for (std::size_t i = 0; i < std::size(kTable); ++i) {
    if (static_cast<std::size_t>(kTable[i].fault) != i) return false;
  }
  return kTable[std::size(kTable) - 1].fault == Fault::unavailable;
}
static_assert(rows_are_in_the_order_of_the_enumerators());

}  // namespace

const Refusal& refusal_for(Fault fault) { return kTable[static_cast<std::size_t>(fault)].refusal; }

}  // namespace mote::proto
