#include "proto/response_fault.h"

#include <cstddef>
#include <iterator>

namespace mote::proto {
namespace {

using enum ResponseFault;

constexpr ResponseFaultInfo kTable[] = {
    {none, false, "no fault"},
    {malformed_status_line, false, "status line of the response is malformed (RFC 9112 4)"},
    {unsupported_http_version, false, "response is not of HTTP/1 (RFC 9112 2.3)"},
    {bare_line_feed, false, "line feed without a carriage return in the response (RFC 9112 2.2)"},
    {bare_carriage_return, false, "carriage return without a line feed in the response (RFC 9112 2.2)"},
    {space_before_first_field, false, "white space before the first header of the response (RFC 9112 2.2)"},
    {folded_line, false, "header of the response is folded over several lines (RFC 9112 5.2)"},
    {malformed_field_name, false, "header of the response has no valid name followed by a colon (RFC 9112 5.1)"},
    {control_character_in_value, false, "header of the response has a control character (RFC 9110 5.5)"},
    {head_too_large, true, "head of the response is larger than max_response_head_bytes"},
    {too_many_header_lines, true, "response has more header lines than max_header_lines"},
    {switching_in_http_1_0, false, "101 response of HTTP/1.0, which has none (RFC 9110 15.2)"},
    {upgrade_not_websocket, false, "Upgrade of the response is not one \"websocket\" (RFC 6455 4.1 /2/)"},
    {connection_without_upgrade, false, "Connection of the response lacks \"Upgrade\" (RFC 6455 4.1 /3/)"},
    {accept_missing, false, "response has no Sec-WebSocket-Accept (RFC 6455 4.1 /4/)"},
    {accept_repeated, false, "Sec-WebSocket-Accept of the response is repeated (RFC 6455 11.3.3)"},
    {accept_wrong, false, "Sec-WebSocket-Accept of the response is not that of the key (RFC 6455 4.1 /4/)"},
    {subprotocol_repeated, false, "Sec-WebSocket-Protocol of the response is repeated (RFC 6455 11.3.4)"},
    {subprotocol_not_offered, false, "response has a subprotocol that was not offered (RFC 6455 4.1 /6/)"},
    {repeated_extensions, false, "Sec-WebSocket-Extensions of the response is repeated (RFC 6455 11.3.2)"},
    {malformed_extensions, false, "Sec-WebSocket-Extensions of the response is malformed (RFC 6455 9.1)"},
    {several_extensions, false, "response has more extensions than were offered (RFC 6455 9.1)"},
    {extension_not_offered, false, "response has an extension that was not offered (RFC 6455 4.1 /5/)"},
    {deflate_parameter, false,
     "permessage-deflate of the response has an unknown, repeated or invalid parameter (RFC 7692 7)"},
    {server_takeover_not_declined, false,
     "response lacks server_no_context_takeover, which was asked for (RFC 7692 7.1.1.1)"},
    {server_window_above_offer, false,
     "server_max_window_bits of the response is missing or above what was asked for (RFC 7692 7.1.2.1)"},
    {client_window_above_offer, false,
     "client_max_window_bits of the response is above what was offered (RFC 7692 7.1.2.2)"},
};

constexpr bool rows_are_in_the_order_of_the_enumerators() {
  for (std::size_t i = 0; i < std::size(kTable); ++i) {
    if (static_cast<std::size_t>(kTable[i].fault) != i) return false;
  }
  return kTable[std::size(kTable) - 1].fault == client_window_above_offer;
}
static_assert(rows_are_in_the_order_of_the_enumerators());

}  // namespace

const ResponseFaultInfo& info_of(ResponseFault fault) { return kTable[static_cast<std::size_t>(fault)]; }

}  // namespace mote::proto
