#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/utf8_kernels.h"
#include "core/utf8_tables.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("ssse3"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("ssse3")
#endif

namespace mote::core::detail {
namespace {
namespace ssse3 {

struct Vector {
  static constexpr std::size_t kBytes = 16;

  [[gnu::always_inline]] static Vector load(const std::byte* from) {
    return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))};
  }
  [[gnu::always_inline]] static Vector fill(std::uint8_t byte) { return {_mm_set1_epi8(static_cast<char>(byte))}; }
  [[gnu::always_inline]] static Vector repeat(const std::array<std::uint8_t, 16>& bytes) {
    return load(std::as_bytes(std::span(bytes)).data());
  }
  [[gnu::always_inline]] static Vector lookup(Vector table, Vector nibbles) {
    return {_mm_shuffle_epi8(table.bytes, nibbles.bytes)};
  }
  [[gnu::always_inline]] static Vector saturating_subtract(Vector from, Vector what) {
    return {_mm_subs_epu8(from.bytes, what.bytes)};
  }

  [[gnu::always_inline]] Vector operator|(Vector other) const { return {_mm_or_si128(bytes, other.bytes)}; }
  [[gnu::always_inline]] Vector operator&(Vector other) const { return {_mm_and_si128(bytes, other.bytes)}; }
  [[gnu::always_inline]] Vector operator^(Vector other) const { return {_mm_xor_si128(bytes, other.bytes)}; }

  [[gnu::always_inline]] Vector high_nibbles() const { return Vector{_mm_srli_epi16(bytes, 4)} & fill(0x0F); }
  [[gnu::always_inline]] bool is_ascii() const { return _mm_movemask_epi8(bytes) == 0; }
  [[gnu::always_inline]] bool is_zero() const {
    return _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128())) == 0xFFFF;
  }

  template <int kPlaces>
  [[gnu::always_inline]] Vector delayed(Vector before) const {
    return {_mm_alignr_epi8(bytes, before.bytes, 16 - kPlaces)};
  }

  __m128i bytes;
};

#include "core/utf8_lookup.inc"

}  // namespace ssse3
}  // namespace

bool utf8_valid_ssse3(const std::byte* data, std::size_t size) noexcept {
  if (size < 2 * ssse3::Vector::kBytes) return utf8_valid_scalar(data, size);
  return ssse3::lookup_valid(data, size);
}

}  // namespace mote::core::detail

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
