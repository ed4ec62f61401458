#if defined(__aarch64__)

#include <arm_neon.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/utf8_kernels.h"
#include "core/utf8_tables.h"

namespace mote::core::detail {
namespace {
namespace neon {

struct Vector {
  static constexpr std::size_t kBytes = 16;

  [[gnu::always_inline]] static Vector load(const std::byte* from) {
    return {vld1q_u8(reinterpret_cast<const std::uint8_t*>(from))};
  }
  [[gnu::always_inline]] static Vector fill(std::uint8_t byte) { return {vdupq_n_u8(byte)}; }
  [[gnu::always_inline]] static Vector repeat(const std::array<std::uint8_t, 16>& bytes) {
    return {vld1q_u8(bytes.data())};
  }
  [[gnu::always_inline]] static Vector lookup(Vector table, Vector nibbles) {
    return {vqtbl1q_u8(table.bytes, nibbles.bytes)};
  }
  [[gnu::always_inline]] static Vector saturating_subtract(Vector from, Vector what) {
    return {vqsubq_u8(from.bytes, what.bytes)};
  }

  [[gnu::always_inline]] Vector operator|(Vector other) const { return {vorrq_u8(bytes, other.bytes)}; }
  [[gnu::always_inline]] Vector operator&(Vector other) const { return {vandq_u8(bytes, other.bytes)}; }
  [[gnu::always_inline]] Vector operator^(Vector other) const { return {veorq_u8(bytes, other.bytes)}; }

  [[gnu::always_inline]] Vector high_nibbles() const { return {vshrq_n_u8(bytes, 4)}; }
  [[gnu::always_inline]] bool is_ascii() const { return vmaxvq_u8(bytes) < 0x80; }
  [[gnu::always_inline]] bool is_zero() const { return vmaxvq_u8(bytes) == 0; }

  template <int kPlaces>
  [[gnu::always_inline]] Vector delayed(Vector before) const {
    return {vextq_u8(before.bytes, bytes, 16 - kPlaces)};
  }

  uint8x16_t bytes;
};

#include "core/utf8_lookup.inc"

}  // namespace neon
}  // namespace

bool utf8_valid_neon(const std::byte* data, std::size_t size) noexcept {
  if (size < 2 * neon::Vector::kBytes) return utf8_valid_scalar(data, size);
  return neon::lookup_valid(data, size);
}

}  // namespace mote::core::detail

#endif
