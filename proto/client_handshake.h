#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <mote/client_options.h>

#include "proto/deflate_parameters.h"
#include "proto/response_fault.h"
#include "proto/response_head.h"

namespace mote::proto {

/// Throws std::invalid_argument, naming the option, where a subprotocol, header, cookie or the origin cannot be sent,
/// belongs to the opening handshake itself, or could start another line or cookie.
void check_handshake_options(const ClientOptions& options);

/// A Sec-WebSocket-Key: 16 random bytes in Base64, new for each connection (RFC 6455 §4.1 /7/). Any thread. Throws
/// std::system_error where the kernel has no generator.
std::string make_key();

/// What a client asks for. Views: they outlive its use; the options are checked, target and Host come from parse_url.
struct ClientRequest {
  std::string_view target = "/";
  std::string_view host = {};  ///< The Host field.
  std::string_view key = {};
  const ClientOptions& options;  ///< Subprotocols, headers, cookies, origin and compression.
};

/// Appends the whole request (RFC 6455 §4.1).
void append_request(std::string& out, const ClientRequest& request);

struct ResponseVerdict {
  enum class Kind {
    accepted,
    refused,  ///< Another status than 101: a redirect, 401, 404 and so on.
    broken,   ///< The connection fails: `fault` says why.
  };
  Kind kind = Kind::broken;
  ResponseFault fault = ResponseFault::none;
  std::string_view subprotocol = {};  ///< accepted: into the request's options; empty for none.
  std::optional<DeflateParameters> deflate = {};
};

/// Judges a complete head, none that is interim, as the answer to `request` (RFC 6455 §4.1, §4.2.2). Throws as
/// accept_value does.
ResponseVerdict judge_response(const ResponseHead& head, const ClientRequest& request);

}  // namespace mote::proto
