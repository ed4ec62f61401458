#include "proto/authority.h"

#include <cstddef>

#include "proto/ascii.h"

namespace mote::proto {
namespace {

constexpr std::size_t kMaxNumberDigits = 5;  // as many as 65535 has, so that the sum below cannot overflow

bool is_number_up_to(unsigned limit, std::string_view digits) {
  if (digits.empty() || digits.size() > kMaxNumberDigits || !consists_of(kDigit, digits)) return false;
  unsigned value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<unsigned>(digit - '0');
  return value <= limit;
}

bool is_ipv4(std::string_view text) {
  for (int octets = 1;; ++octets) {
    const std::string_view octet = text.substr(0, text.find('.'));
    const bool leading_zero = octet.size() > 1 && octet[0] == '0';
    if (leading_zero || !is_number_up_to(255, octet)) return false;
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
  return text.empty() || text == ":" || (text.front() == ':' && is_number_up_to(65535, text.substr(1)));
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

}  // namespace mote::proto
