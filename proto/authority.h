#pragma once

#include <string_view>

namespace mote::proto {

/// Whether it is a host and optional port, as Host (RFC 9110 §7.2) and an absolute-form target carry them: a name, an
/// IPv4 address or an IPv6 address in brackets. An empty host, which an http URI must not have (§4.2.1), and user
/// information (§4.2.4) make it invalid.
bool is_authority(std::string_view text);

}  // namespace mote::proto
