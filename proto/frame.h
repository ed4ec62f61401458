#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "proto/violation.h"

namespace mote::proto {

/// RFC 6455 §5.2.
enum class Opcode : std::uint8_t { continuation = 0x0, text = 0x1, binary = 0x2, close = 0x8, ping = 0x9, pong = 0xA };

[[nodiscard]] constexpr bool is_control(Opcode opcode) { return (static_cast<unsigned>(opcode) & 0x8) != 0; }

/// A side of a connection. A server reads masked frames, a client unmasked ones (RFC 6455 §5.1).
enum class Role : std::uint8_t { server, client };

[[nodiscard]] constexpr Role peer_of(Role role) { return role == Role::server ? Role::client : Role::server; }

inline constexpr std::size_t kMaxHeaderBytes = 14;  // 2, a length of 8, a masking key of 4
inline constexpr std::size_t kMaxControlBytes = 125;

struct FrameHeader {
  std::uint64_t payload_bytes = 0;
  std::uint32_t masking_key = 0;  // the four bytes in the order they came; 0 where unmasked
  Opcode opcode = Opcode::continuation;
  bool fin = false;
  bool compressed = false;  // RSV1: begins a message that is (RFC 7692 §6)
  std::uint8_t size = 0;    // of the header itself; 0: incomplete
};

/// What the next frame may be.
struct FrameRules {
  bool inside_message = false;  ///< A fragmented message is open.
  bool deflate = false;         ///< permessage-deflate was agreed on.
};

namespace detail {

template <class Integer>
Integer load_big_endian(const std::byte* from) {
  Integer value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::big) return value;
  if constexpr (sizeof value == 2) return __builtin_bswap16(value);
  return static_cast<Integer>(__builtin_bswap64(value));
}

/// The rules that the first byte alone can break.
inline Violation check_first_byte(unsigned byte, const FrameRules& rules) {
  constexpr unsigned known_opcodes = 0x0707;  // bit n: opcode n
  const unsigned opcode = byte & 0x0F;
  if ((byte & 0x70) != 0 && ((byte & 0x30) != 0 || !rules.deflate)) return Violation::reserved_bits;
  if ((known_opcodes >> opcode & 1) == 0) return Violation::unknown_opcode;
  if ((byte & 0x40) != 0 && (opcode == 0 || opcode >= 0x8)) return Violation::compressed_bit_misplaced;
  if (opcode >= 0x8) return (byte & 0x80) != 0 ? Violation::none : Violation::control_fragmented;
  if (opcode == 0) return rules.inside_message ? Violation::none : Violation::stray_continuation;
  return rules.inside_message ? Violation::interleaved_message : Violation::none;
}

template <Role role>
Violation check_second_byte(unsigned first, unsigned byte) {
  const bool masked = (byte & 0x80) != 0;
  if (masked != (role == Role::server)) return masked ? Violation::masked_frame : Violation::unmasked_frame;
  return (first & 0x8) != 0 && (byte & 0x7F) > kMaxControlBytes ? Violation::control_too_long : Violation::none;
}

}  // namespace detail

/// Reads a frame header from the start of `size` bytes, of which there may be too few: then `header.size` stays 0. A
/// rule is reported as soon as the byte that breaks it is there, and `payload_bytes` is set as soon as the length is
/// known, before the masking key came.
template <Role role>
[[nodiscard]] Violation parse_frame_header(const std::byte* data, std::size_t size, const FrameRules& rules,
                                           FrameHeader& header) {
  header.size = 0;
  header.payload_bytes = 0;
  if (size == 0) return Violation::none;
  const auto first = std::to_integer<unsigned>(data[0]);
  if (const auto broken = detail::check_first_byte(first, rules); broken != Violation::none) return broken;
  if (size == 1) return Violation::none;
  const auto second = std::to_integer<unsigned>(data[1]);
  if (const auto broken = detail::check_second_byte<role>(first, second); broken != Violation::none) return broken;

  std::size_t used = 2;
  std::uint64_t length = second & 0x7F;
  if (length == 126) {
    if (size < 4) return Violation::none;
    length = detail::load_big_endian<std::uint16_t>(data + 2);
    if (length < 126) return Violation::length_not_minimal;
    used = 4;
  } else if (length == 127) {
    if (size >= 3 && (std::to_integer<unsigned>(data[2]) & 0x80) != 0) return Violation::length_high_bit;
    // Its first six bytes are all 0 where two would have been enough.
    if (size >= 8 && detail::load_big_endian<std::uint64_t>(data) << 16 == 0) return Violation::length_not_minimal;
    if (size < 10) return Violation::none;
    length = detail::load_big_endian<std::uint64_t>(data + 2);
    used = 10;
  }
  header.payload_bytes = length;
  header.opcode = static_cast<Opcode>(first & 0x0F);
  header.fin = (first & 0x80) != 0;
  header.compressed = (first & 0x40) != 0;
  if constexpr (role == Role::server) {
    if (size < used + 4) return Violation::none;
    std::memcpy(&header.masking_key, data + used, 4);
    used += 4;
  } else {
    header.masking_key = 0;
  }
  header.size = static_cast<std::uint8_t>(used);
  return Violation::none;
}

/// What the payload of a message is on the wire.
enum class Coding : std::uint8_t { plain = 0, deflated = 0x40 };

namespace detail {

/// The header of a final frame up to the masking key; `mask_bit` is 0x80 or 0.
inline std::size_t write_header(std::byte* to, unsigned mask_bit, Opcode opcode, std::uint64_t payload_bytes,
                                Coding coding) {
  to[0] = static_cast<std::byte>(0x80U | static_cast<unsigned>(coding) | static_cast<unsigned>(opcode));
  if (payload_bytes < 126) {
    to[1] = static_cast<std::byte>(mask_bit | payload_bytes);
    return 2;
  }
  if (payload_bytes <= 0xFFFF) {
    to[1] = static_cast<std::byte>(mask_bit | 126U);
    to[2] = static_cast<std::byte>(payload_bytes >> 8);
    to[3] = static_cast<std::byte>(payload_bytes);
    return 4;
  }
  to[1] = static_cast<std::byte>(mask_bit | 127U);
  for (unsigned i = 0; i < 8; ++i) to[2 + i] = static_cast<std::byte>(payload_bytes >> (56 - 8 * i));
  return 10;
}

}  // namespace detail

/// Writes the header of an unmasked, final frame (a server's, RFC 6455 §5.1) to at least 10 bytes at `to`; answers its
/// size.
inline std::size_t write_frame_header(std::byte* to, Opcode opcode, std::uint64_t payload_bytes,
                                      Coding coding = Coding::plain) {
  return detail::write_header(to, 0, opcode, payload_bytes, coding);
}

/// The same for a masked one (a client's), to at least kMaxHeaderBytes. `masking_key`: as in FrameHeader and
/// core::unmask, and unpredictable, another for each frame (§5.3).
inline std::size_t write_masked_frame_header(std::byte* to, Opcode opcode, std::uint64_t payload_bytes,
                                             std::uint32_t masking_key, Coding coding = Coding::plain) {
  const std::size_t size = detail::write_header(to, 0x80, opcode, payload_bytes, coding);
  std::memcpy(to + size, &masking_key, sizeof masking_key);
  return size + sizeof masking_key;
}

}  // namespace mote::proto
