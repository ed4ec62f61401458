#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mote::proto {

/// An IPv4 or IPv6 address, or none, as a Unix socket has it. An IPv4-mapped IPv6 address counts as IPv4.
struct IpAddress {
  enum class Family : std::uint8_t { none, ipv4, ipv6 };

  std::array<std::byte, 16> octets{};  ///< In network order; of IPv4 the first four.
  Family family = Family::none;

  bool operator==(const IpAddress&) const = default;
};

/// Of 4 or 16 octets in network order.
IpAddress ip_address(std::span<const std::byte> octets);

/// Of its text, `192.0.2.1` or `2001:db8::1`, without brackets and zone.
std::optional<IpAddress> parse_ip_address(std::string_view text);

/// Of a number without sign and leading zeros, at most 65535.
std::optional<std::uint16_t> parse_port(std::string_view text);

/// All addresses that begin with the same bits.
struct AddressBlock {
  IpAddress first;
  unsigned bits = 0;

  [[nodiscard]] bool contains(const IpAddress& address) const;
};

/// Of `192.0.2.0/24`, `2001:db8::/32`, or one address; none where there are bits of the address behind its prefix.
std::optional<AddressBlock> parse_address_block(std::string_view text);

}  // namespace mote::proto
