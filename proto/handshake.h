#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <mote/headers.h>
#include <mote/options.h>

#include "proto/deflate_parameters.h"
#include "proto/request_head.h"

namespace mote::proto {

inline constexpr std::string_view kProtocolField = "Sec-WebSocket-Protocol";

/// What the server accepts, as mote::Options has it. Views: the options outlive the verdicts.
struct UpgradePolicy {
  std::span<const std::string> subprotocols = {};
  SubprotocolMismatch subprotocol_mismatch = SubprotocolMismatch::accept_without;
  std::span<const std::string> origins = {};  ///< Empty: any, also none.
  std::string_view endpoint_path = {};        ///< Empty: every path.
  Compression compression = {};
};

struct UpgradeVerdict {
  enum class Kind {
    not_an_upgrade,  ///< A plain request: no Upgrade to websocket, or HTTP/1.0, where Upgrade is ignored (RFC 9110
                     ///< §7.8).
    accept,
    refuse,
  };
  Kind kind = Kind::not_an_upgrade;
  Refusal refusal = {};               ///< refuse
  std::string_view key = {};          ///< accept: into the head
  std::string_view subprotocol = {};  ///< accept: into the policy; empty for none
  std::optional<DeflateParameters> deflate = {};
};

/// What the 101 response tells the client beside its key.
struct Agreement {
  std::string_view subprotocol = {};  ///< Empty for none.
  std::optional<DeflateParameters> deflate = {};
};

/// Judges a complete head as an opening handshake: first whether it is a correct one (RFC 6455 §4.2.1), then whether
/// this server wants it (§4.2.2).
UpgradeVerdict judge_upgrade(const RequestHead& head, const UpgradePolicy& policy);

/// The Sec-WebSocket-Accept value for a Sec-WebSocket-Key: 28 characters (§4.2.2 /5/). Any thread. Throws
/// std::runtime_error where OpenSSL has no SHA-1, and std::bad_alloc.
std::string accept_value(std::string_view key);
/// Finds that out before the first connection: throws then.
void require_accept_value();

/// Appends the whole 101 response. `extra_lines`: complete field lines, none of them handshake_field(). Throws as
/// accept_value does.
void append_switching_protocols(std::string& out, std::string_view key, const Agreement& agreement,
                                std::string_view extra_lines);

/// The interim response that Expect: 100-continue asks for; it goes before the 101 (RFC 9110 §7.8).
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// Whether the client listed it in Sec-WebSocket-Protocol; names compare with case.
bool offers_subprotocol(mote::Headers headers, std::string_view name);

/// Whether the 101 response has that field from mote, or must not have it at all.
bool handshake_field(std::string_view name);

}  // namespace mote::proto
