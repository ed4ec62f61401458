#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// The tables of the vector kernels' UTF-8 check, see utf8_lookup.inc.
namespace mote::core::detail {

/// Errors that two neighbouring bytes show. Each is a set of high and low nibbles of the first byte and a set of high
/// nibbles of the second one, and has one bit; a pair is wrong if all three sets have its nibbles. What these do not
/// show is whether two continuation bytes in a row are in their place; utf8_lookup.inc finds that out.
struct PairError {
  std::uint16_t first_high;  // bit n stands for nibble n
  std::uint16_t first_low;
  std::uint16_t second_high;
};

inline constexpr std::uint16_t kAny = 0xFFFF;
inline constexpr std::uint16_t kAsciiNibbles = 0x00FF;         // 0 to 7
inline constexpr std::uint16_t kContinuationNibbles = 0x0F00;  // 8 to B
inline constexpr std::uint16_t kLeadNibbles = 0xF000;          // C to F

inline constexpr std::array<PairError, 8> kPairErrors = {{
    {kLeadNibbles, kAny, kAsciiNibbles | kLeadNibbles},  // a lead byte without continuation
    {kAsciiNibbles, kAny, kContinuationNibbles},         // a continuation byte without lead
    {1 << 0xC, 0x0003, kContinuationNibbles},            // overlong: C0, C1
    {1 << 0xE, 1 << 0x0, 0x0300},                        // overlong: E0 80 to E0 9F
    {1 << 0xE, 1 << 0xD, 0x0C00},                        // surrogates: ED A0 to ED BF
    {1 << 0xF, 0xFFE1, 0x0100},                          // overlong: F0 80 to F0 8F; too large: F5 8_ to FF 8_
    {1 << 0xF, 0xFFF0, 0x0E00},                          // too large: F4 90 to F4 BF, F5 9_ to FF B_
    {kContinuationNibbles, kAny, kContinuationNibbles},  // right only as a third or fourth byte
}};
inline constexpr std::uint8_t kTwoContinuations = 0x80;  // the last one's bit

[[nodiscard]] constexpr std::array<std::uint8_t, 16> nibble_table(std::uint16_t PairError::*nibbles) {
  std::array<std::uint8_t, 16> table{};
  for (std::size_t nibble = 0; nibble < 16; ++nibble) {
    for (std::size_t error = 0; error < kPairErrors.size(); ++error) {
      if ((kPairErrors[error].*nibbles >> nibble & 1) != 0) table[nibble] |= static_cast<std::uint8_t>(1U << error);
    }
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 16> kFirstHigh = nibble_table(&PairError::first_high);
inline constexpr std::array<std::uint8_t, 16> kFirstLow = nibble_table(&PairError::first_low);
inline constexpr std::array<std::uint8_t, 16> kSecondHigh = nibble_table(&PairError::second_high);

/// The greatest bytes that leave no sequence unfinished at the end of a vector: anything but in the last three places.
/// A kernel takes as many of the last bytes as its vectors have.
inline constexpr auto kLastAllowed = [] {
  std::array<std::uint8_t, 64> bytes{};
  bytes.fill(0xFF);
  bytes[61] = 0xEF;
  bytes[62] = 0xDF;
  bytes[63] = 0xBF;
  return bytes;
}();

}  // namespace mote::core::detail
