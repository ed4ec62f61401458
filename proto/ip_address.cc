#include "proto/ip_address.h"

#include <algorithm>
#include <string>

#include "proto/ascii.h"
#include "proto/authority.h"

namespace mote::proto {
namespace {

constexpr std::size_t kMappedPrefixBytes = 12;
constexpr unsigned kMappedPrefixBits = 8 * kMappedPrefixBytes;
constexpr std::size_t kMostPortDigits = 5;

/// ::ffff:0:0/96, RFC 4291 §2.5.5.2.
bool is_mapped(std::span<const std::byte> octets) {
  const auto zeros = octets.first(kMappedPrefixBytes - 2);
  return std::ranges::all_of(zeros, [](std::byte octet) { return octet == std::byte{0}; }) &&
         octets[kMappedPrefixBytes - 2] == std::byte{0xFF} && octets[kMappedPrefixBytes - 1] == std::byte{0xFF};
}

bool bit(const IpAddress& address, unsigned index) {
  return (std::to_integer<unsigned>(address.octets[index / 8]) >> (7 - index % 8) & 1) != 0;
}

unsigned width(const IpAddress& address) { return address.family == IpAddress::Family::ipv4 ? 32 : 128; }

}  // namespace

IpAddress ip_address(std::span<const std::byte> octets) {
  using Family = IpAddress::Family;
  IpAddress address;
  address.family = octets.size() == 4 ? Family::ipv4 : Family::ipv6;
  if (address.family == Family::ipv6 && is_mapped(octets)) {
    octets = octets.subspan(kMappedPrefixBytes);
    address.family = Family::ipv4;
  }
  std::ranges::copy(octets, address.octets.begin());
  return address;
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  if (text.find('%') != std::string_view::npos) return std::nullopt;
  const std::string octets = address_octets(text);
  if (octets.empty()) return std::nullopt;
  return ip_address(std::as_bytes(std::span(octets)));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > kMostPortDigits || !consists_of(kDigit, text)) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  unsigned value = 0;
  for (const char digit : text) value = value * 10 + static_cast<unsigned>(digit - '0');
  if (value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

bool AddressBlock::contains(const IpAddress& address) const {
  if (address.family != first.family) return false;
  const std::size_t whole = bits / 8;
  if (!std::equal(first.octets.begin(), first.octets.begin() + whole, address.octets.begin())) return false;
  for (unsigned i = bits / 8 * 8; i < bits; ++i) {
    if (bit(first, i) != bit(address, i)) return false;
  }
  return true;
}

std::optional<AddressBlock> parse_address_block(std::string_view text) {
  const std::string_view address = text.substr(0, text.find('/'));
  const auto first = parse_ip_address(address);
  if (!first) return std::nullopt;
  AddressBlock block{*first, width(*first)};
  if (address.size() == text.size()) return block;
  const auto bits = parse_port(text.substr(address.size() + 1));
  if (!bits) return std::nullopt;
  block.bits = *bits;
  const bool mapped = first->family == IpAddress::Family::ipv4 && address.find(':') != std::string_view::npos;
  if (mapped && block.bits < kMappedPrefixBits) return std::nullopt;
  if (mapped) block.bits -= kMappedPrefixBits;
  if (block.bits > width(*first)) return std::nullopt;
  for (unsigned i = block.bits; i < width(*first); ++i) {
    if (bit(*first, i)) return std::nullopt;
  }
  return block;
}

}  // namespace mote::proto
