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
    {Fault::bare_line_feed, {400, "A line feed without a carriage return.", "RFC 9112 2.2"}},
    {Fault::bare_carriage_return, {400, "A carriage return without a line feed.", "RFC 9112 2.2"}},
    {Fault::malformed_request_line, {400, "The request line is malformed.", "RFC 9112 3"}},
    {Fault::unknown_method, {501, "This method is not implemented.", "RFC 9110 9.1"}},
    {Fault::method_not_allowed, {405, "Only GET and HEAD are allowed."}},
    {Fault::malformed_target, {400, "The request target is malformed.", "RFC 9112 3.2"}},
    {Fault::target_too_long, {414, "The request target is too long.", "RFC 9112 3"}},
    {Fault::malformed_version, {400, "The HTTP version is malformed.", "RFC 9112 2.3"}},
    {Fault::unsupported_http_version, {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.", "RFC 9110 15.6.6"}},
    {Fault::head_too_large, {431, "The request head is too large.", "RFC 6585 5"}},
    {Fault::too_many_header_lines, {431, "Too many header lines.", "RFC 6585 5"}},
    {Fault::space_before_first_field, {400, "White space before the first header.", "RFC 9112 2.2"}},
    {Fault::folded_line, {400, "A header is folded over several lines.", "RFC 9112 5.2"}},
    {Fault::malformed_field_name, {400, "A header has no valid name followed by a colon.", "RFC 9112 5.1"}},
    {Fault::control_character_in_value, {400, "A header's value has a control character.", "RFC 9110 5.5"}},
    {Fault::missing_host, {400, "The Host header is missing.", "RFC 9112 3.2"}},
    {Fault::repeated_host, {400, "The Host header is repeated.", "RFC 9112 3.2"}},
    {Fault::invalid_host, {400, "The Host header is invalid.", "RFC 9112 3.2"}},
    {Fault::invalid_content_length, {400, "The Content-Length is invalid.", "RFC 9112 6.3"}},
    {Fault::repeated_content_length, {400, "The Content-Length is repeated.", "RFC 9112 6.3"}},
    {Fault::transfer_encoding_with_content_length, {400, "Both Transfer-Encoding and Content-Length.", "RFC 9112 6.1"}},
    {Fault::transfer_encoding_in_http_1_0, {400, "HTTP/1.0 has no Transfer-Encoding.", "RFC 9112 6.1"}},
    {Fault::transfer_encoding_not_chunked, {400, "The Transfer-Encoding does not end in one chunked.", "RFC 9112 6.3"}},
    {Fault::handshake_method, {405, "A WebSocket handshake is a GET request.", "RFC 6455 4.2.1"}},
    {Fault::connection_without_upgrade, {400, "The Connection header lacks upgrade.", "RFC 6455 4.2.1"}},
    {Fault::invalid_version, {400, "Sec-WebSocket-Version is missing, repeated or malformed.", "RFC 6455 4.2.1"}},
    {Fault::unsupported_version, {426, "Only version 13 of the WebSocket protocol is spoken here.", "RFC 6455 4.4"}},
    {Fault::invalid_key, {400, "Sec-WebSocket-Key is missing, repeated or not 16 bytes in Base64.", "RFC 6455 4.2.1"}},
    {Fault::handshake_with_body, {400, "A WebSocket handshake has no content.", "RFC 9110 9.3.1"}},
    {Fault::malformed_extensions, {400, "Sec-WebSocket-Extensions is malformed.", "RFC 6455 9.1"}},
    {Fault::malformed_subprotocols, {400, "Sec-WebSocket-Protocol is malformed or names one twice.", "RFC 6455 4.1"}},
    {Fault::repeated_origin, {400, "The Origin header is repeated.", "RFC 6454 7.3"}},
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
