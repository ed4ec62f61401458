#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mote/headers.h>

#include "proto/ip_address.h"
#include "proto/proxy_header.h"

namespace mote::proto {

/// The proxies whose word for their clients' addresses is taken.
class TrustedProxies {
 public:
  /// `entries`: addresses, blocks such as `10.0.0.0/8`, and `unix` for whoever comes through a Unix socket. Throws
  /// std::invalid_argument with the one that is none of these.
  explicit TrustedProxies(const std::vector<std::string>& entries);

  [[nodiscard]] bool empty() const { return blocks_.empty() && !unix_; }
  [[nodiscard]] bool contains(const IpAddress& address) const;

 private:
  std::vector<AddressBlock> blocks_;
  bool unix_ = false;
};

/// The client's address by X-Forwarded-For of a request that a trusted proxy sent: each proxy appends whom it got the
/// request from, so it is the right-most one that is not a trusted proxy's; where all are, the left-most. Elements to
/// the left of it are the client's own words, and not looked at.
///
/// An element is an address, perhaps with a port: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
/// None where the header is missing, or an element that had to be looked at is anything else.
std::optional<Endpoint> forwarded_for(Headers headers, const TrustedProxies& trusted);

}  // namespace mote::proto
