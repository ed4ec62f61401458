#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mote::proto {

/// Whether it is a host and optional port, as Host (RFC 9110 §7.2) and an absolute-form target carry them: a name, an
/// IPv4 address or an IPv6 address in brackets. An empty host, which an http URI must not have (§4.2.1), and user
/// information (§4.2.4) make it invalid.
bool is_authority(std::string_view text);

/// The fault of an authority without a host.
inline constexpr std::string_view kHostMissing = "the host is missing";

/// Where to connect to, or to listen at.
struct HostAndPort {
  std::string_view host = {};  ///< A name or an IPv4 address, or an IPv6 address without its brackets.
  std::optional<std::uint16_t> port = {};
  /// Static: what is wrong with it; empty where nothing is.
  std::string_view fault = {};
};

/// Takes an authority apart. Stricter than is_authority(): a port has digits, and a host can be resolved, so that it
/// has no percent-encoding. An IPv6 address may have a zone, as in `fe80::1%eth0`.
HostAndPort split_authority(std::string_view text);

/// The octets of an IPv4 or IPv6 address, 4 or 16 in network order, without its zone; empty for a name. `host`: from
/// split_authority().
std::string address_octets(std::string_view host);

/// That host as an authority has it: an IPv6 address in brackets, without its zone, which only this machine knows (RFC
/// 6874 §1).
std::string bracketed(std::string_view host);

}  // namespace mote::proto
