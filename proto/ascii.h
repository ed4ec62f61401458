#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace mote::proto {

/// Which octets a grammar rule admits, as bits of kCharClasses. The library's only character tests: <cctype> asks the
/// locale, and is undefined for negative chars.
enum CharClass : std::uint8_t {
  kToken = 1 << 0,       ///< tchar, RFC 9110 §5.6.2
  kFieldValue = 1 << 1,  ///< field-vchar, SP or HTAB, RFC 9110 §5.5; obs-text included, other controls not
  kTarget = 1 << 2,      ///< may stand in a request target
  kRegName = 1 << 3,     ///< unreserved or sub-delims, RFC 3986 §3.2.2
  kDigit = 1 << 4,
  kHexDigit = 1 << 5,
  kBase64 = 1 << 6,  ///< RFC 4648 §4, padding not included
};

constexpr bool is_alphanumeric(unsigned c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

constexpr std::uint8_t char_classes(unsigned c) {
  constexpr std::string_view kTokenPunctuation = "!#$%&'*+-.^_`|~";
  constexpr std::string_view kRegNamePunctuation = "-._~!$&'()*+,;=";
  // Stricter than octets, laxer than RFC 3986: browsers send these unescaped in a query, such as {, | and ^
  // (WHATWG URL, query percent-encode set); they escape what is missing here.
  constexpr std::string_view kNotInTarget = "\"<>#";
  const bool visible = c > 0x20 && c < 0x7f;
  const char octet = static_cast<char>(c);
  unsigned classes = 0;
  if (is_alphanumeric(c)) classes |= kToken | kRegName | kBase64;
  if (visible && kTokenPunctuation.find(octet) != std::string_view::npos) classes |= kToken;
  if (visible && kRegNamePunctuation.find(octet) != std::string_view::npos) classes |= kRegName;
  if (visible && kNotInTarget.find(octet) == std::string_view::npos) classes |= kTarget;
  if (visible || c == ' ' || c == '\t' || c >= 0x80) classes |= kFieldValue;
  if (c >= '0' && c <= '9') classes |= kDigit | kHexDigit;
  if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) classes |= kHexDigit;
  if (c == '+' || c == '/') classes |= kBase64;
  return static_cast<std::uint8_t>(classes);
}

inline constexpr std::array<std::uint8_t, 256> kCharClasses = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) table[c] = char_classes(c);
  return table;
}();

constexpr bool is(CharClass wanted, char c) { return (kCharClasses[static_cast<std::uint8_t>(c)] & wanted) != 0; }

/// How many octets from `begin` on are of that class.
constexpr std::size_t run_length(CharClass wanted, std::string_view text, std::size_t begin = 0) {
  std::size_t end = begin;
  while (end < text.size() && is(wanted, text[end])) ++end;
  return end - begin;
}

/// run_length(kFieldValue, …), eight octets at a time: values are the most of a head.
inline std::size_t field_value_length(std::string_view text, std::size_t begin) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = kEach << 7;
  std::size_t end = begin;
  for (std::uint64_t octets = 0; text.size() - end >= sizeof octets; end += sizeof octets) {
    std::memcpy(&octets, text.data() + end, sizeof octets);
    const std::uint64_t no_delete = octets ^ (kEach * 0x7F);
    // Subtracting borrows from the high bit of the first octet that is too small, if there is one.
    const std::uint64_t wrong = ((octets - kEach * 0x20) & ~octets) | ((no_delete - kEach) & ~no_delete);
    if ((wrong & kHighBits) != 0) break;  // a tab, too
  }
  return end - begin + run_length(kFieldValue, text, end);
}

constexpr bool consists_of(CharClass wanted, std::string_view text) { return run_length(wanted, text) == text.size(); }

constexpr bool is_token(std::string_view text) { return !text.empty() && consists_of(kToken, text); }

constexpr bool is_ows(char c) { return c == ' ' || c == '\t'; }

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a == b) return true;  // nearly always
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// Without the optional white space around it (RFC 9110 §5.6.3).
constexpr std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace mote::proto
