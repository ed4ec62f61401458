#pragma once

#include <cstdint>
#include <vector>

#include "tests/conformance/peer.h"

namespace mote::conformance {

/// Connects to a server on this machine and does the opening handshake, offering permessage-deflate for each wish.
/// Throws a Failure where the response is not what RFC 6455 §4.2.2 demands, or accepts none of the offers.
Peer open_as_client(std::uint16_t port, const std::vector<DeflateWish>& deflate,
                    OwnContext context = OwnContext::declined);

}  // namespace mote::conformance
