#include "proto/authority.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "proto/ascii.h"

namespace mote::proto {
namespace {

constexpr std::size_t kMaxNumberDigits = 5;  // as many as 65535 has, so that the sum below cannot overflow
constexpr std::size_t kLongestHost = 253;    // that DNS can have (RFC 1035 §2.3.4)

std::optional<unsigned> number_up_to(unsigned limit, std::string_view digits) {
  if (digits.empty() || digits.size() > kMaxNumberDigits || !consists_of(kDigit, digits)) return std::nullopt;
  unsigned value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<unsigned>(digit - '0');
  if (value > limit) return std::nullopt;
  return value;
}

bool is_ipv4(std::string_view text) {
  for (int octets = 1;; ++octets) {
    const std::string_view octet = text.substr(0, text.find('.'));
    const bool leading_zero = octet.size() > 1 && octet[0] == '0';
    if (leading_zero || !number_up_to(255, octet)) return false;
    if (octet.size() == text.size()) return octets == 4;
    text.remove_prefix(octet.size() + 1);
  }
}

// RFC 3986 §3.2.2: eight groups, the last two of which may be an IPv4 address; one `::` stands for one group or more.
bool is_ipv6(std::string_view text) {
  constexpr int kGroups = 8;
  int groups = 0;
  bool compressed = text.starts_with("::");
  if (compressed) text.remove_prefix(2);
  while (!text.empty()) {
    const std::size_t digits = run_length(kHexDigit, text);
    if (digits < text.size() && text[digits] == '.') {
      if (!is_ipv4(text)) return false;
      groups += 2;
      break;
    }
    if (digits == 0 || digits > 4) return false;
    ++groups;
    text.remove_prefix(digits);
    if (text.empty()) break;
    if (text == ":" || text.front() != ':') return false;
    text.remove_prefix(1);
    if (text.front() == ':') {
      if (compressed) return false;
      compressed = true;
      text.remove_prefix(1);
    }
  }
  return compressed ? groups < kGroups : groups == kGroups;
}

bool is_ip_future(std::string_view text) {
  if (text.empty() || to_lower(text.front()) != 'v') return false;
  text.remove_prefix(1);
  const std::size_t version = run_length(kHexDigit, text);
  if (version == 0 || version == text.size() || text[version] != '.') return false;
  text.remove_prefix(version + 1);
  for (const char c : text) {
    if (!is(kRegName, c) && c != ':') return false;
  }
  return !text.empty();
}

bool is_reg_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is(kRegName, text[i])) continue;
    const bool escape =
        text[i] == '%' && text.size() - i > 2 && is(kHexDigit, text[i + 1]) && is(kHexDigit, text[i + 2]);
    if (!escape) return false;
    i += 2;
  }
  return !text.empty();
}

// Of what follows the host: nothing, or a colon and a port, which may be empty (RFC 3986 §3.2.3).
bool is_port_part(std::string_view text) {
  return text.empty() || text == ":" || (text.front() == ':' && number_up_to(65535, text.substr(1)));
}

// With or without a zone (RFC 4007 §11).
bool is_ipv6_address(std::string_view text) {
  const std::size_t percent = text.find('%');
  if (percent == std::string_view::npos) return is_ipv6(text);
  const std::string_view zone = text.substr(percent + 1);
  return !zone.empty() && consists_of(kRegName, zone) && is_ipv6(text.substr(0, percent));
}

void append_ipv4(std::string& octets, std::string_view address) {
  while (!address.empty()) {
    const std::string_view octet = address.substr(0, address.find('.'));
    octets.push_back(static_cast<char>(number_up_to(255, octet).value_or(0)));
    address.remove_prefix(std::min(octet.size() + 1, address.size()));
  }
}

// `groups`: of an IPv6 address, what is on one side of the `::`.
void append_groups(std::string& octets, std::string_view groups) {
  while (!groups.empty()) {
    const std::string_view group = groups.substr(0, groups.find(':'));
    groups.remove_prefix(std::min(group.size() + 1, groups.size()));
    if (group.find('.') != std::string_view::npos) {
      append_ipv4(octets, group);
    } else {
      unsigned value = 0;
      std::from_chars(group.data(), group.data() + group.size(), value, 16);
      octets.push_back(static_cast<char>(value >> 8));
      octets.push_back(static_cast<char>(value & 0xFF));
    }
  }
}

// Takes the host off `text`.
HostAndPort take_host(std::string_view& text) {
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return {.fault = "the IPv6 address has no closing bracket"};
    const std::string_view address = text.substr(1, bracket - 1);
    text.remove_prefix(bracket + 1);
    if (!is_ipv6_address(address)) return {.host = address, .fault = "what is in the brackets is no IPv6 address"};
    if (!text.empty() && text.front() != ':') return {.host = address, .fault = "expected a colon after the bracket"};
    return {.host = address};
  }
  const std::size_t colon = text.find(':');
  if (colon != text.rfind(':')) return {.host = text, .fault = "an IPv6 address must be in brackets"};
  const std::string_view name = text.substr(0, colon);
  text.remove_prefix(name.size());
  if (name.empty()) return {.fault = kHostMissing};
  if (!consists_of(kRegName, name)) return {.host = name, .fault = "the host has a character that no name has"};
  if (name.size() > kLongestHost) return {.host = name, .fault = "the host is longer than any name"};
  return {.host = name};
}

}  // namespace

bool is_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return false;
    const std::string_view literal = text.substr(1, bracket - 1);
    return (is_ipv6(literal) || is_ip_future(literal)) && is_port_part(text.substr(bracket + 1));
  }
  const std::string_view name = text.substr(0, text.find(':'));
  return is_reg_name(name) && is_port_part(text.substr(name.size()));
}

HostAndPort split_authority(std::string_view text) {
  HostAndPort parts = take_host(text);
  if (!parts.fault.empty() || text.empty()) return parts;
  if (const auto port = number_up_to(65535, text.substr(1))) {
    parts.port = static_cast<std::uint16_t>(*port);
  } else {
    parts.fault = "the port must be a number from 0 to 65535";
  }
  return parts;
}

std::string address_octets(std::string_view host) {
  std::string octets;
  if (is_ipv4(host)) append_ipv4(octets, host);
  if (!is_ipv6_address(host)) return octets;
  const std::string_view address = host.substr(0, host.find('%'));
  const std::size_t gap = std::min(address.find("::"), address.size());
  append_groups(octets, address.substr(0, gap));
  std::string behind;
  append_groups(behind, address.substr(std::min(gap + 2, address.size())));
  return octets.append(16 - octets.size() - behind.size(), '\0').append(behind);
}

std::string bracketed(std::string_view host) {
  if (host.find(':') == std::string_view::npos) return std::string(host);
  return std::string("[").append(host.substr(0, host.find('%'))).append("]");
}

}  // namespace mote::proto
