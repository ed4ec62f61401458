#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace mote::proto {

/// Characters that Base64 has for so many bytes, padding included.
constexpr std::size_t base64_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

/// Writes base64_size(bytes.size()) characters, padded, of the standard alphabet (RFC 4648 §4).
constexpr void encode_base64(std::span<const std::byte> bytes, char* to) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (; !bytes.empty(); bytes = bytes.subspan(bytes.size() < 3 ? bytes.size() : 3)) {
    const auto octet = [&](std::size_t i) { return i < bytes.size() ? std::to_integer<unsigned>(bytes[i]) : 0; };
    const unsigned group = octet(0) << 16 | octet(1) << 8 | octet(2);
    *to++ = kAlphabet[group >> 18];
    *to++ = kAlphabet[group >> 12 & 63];
    *to++ = bytes.size() > 1 ? kAlphabet[group >> 6 & 63] : '=';
    *to++ = bytes.size() > 2 ? kAlphabet[group & 63] : '=';
  }
}

inline std::string base64(std::span<const std::byte> bytes) {
  std::string out(base64_size(bytes.size()), '\0');
  encode_base64(bytes, out.data());
  return out;
}

}  // namespace mote::proto
