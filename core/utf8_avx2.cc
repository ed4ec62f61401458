#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/utf8_kernels.h"
#include "core/utf8_tables.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

namespace mote::core::detail {
namespace {
namespace avx2 {

struct Vector {
  static constexpr std::size_t kBytes = 32;

  [[gnu::always_inline]] static Vector load(const std::byte* from) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))};
  }
  [[gnu::always_inline]] static Vector fill(std::uint8_t byte) { return {_mm256_set1_epi8(static_cast<char>(byte))}; }
  [[gnu::always_inline]] static Vector lookup(Vector table, Vector nibbles) {
    return {_mm256_shuffle_epi8(table.bytes, nibbles.bytes)};
  }
  [[gnu::always_inline]] static Vector saturating_subtract(Vector from, Vector what) {
    return {_mm256_subs_epu8(from.bytes, what.bytes)};
  }

  [[gnu::always_inline]] static Vector repeat(const std::array<std::uint8_t, 16>& bytes) {
    return {_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data())))};
  }

  [[gnu::always_inline]] Vector operator|(Vector other) const { return {_mm256_or_si256(bytes, other.bytes)}; }
  [[gnu::always_inline]] Vector operator&(Vector other) const { return {_mm256_and_si256(bytes, other.bytes)}; }
  [[gnu::always_inline]] Vector operator^(Vector other) const { return {_mm256_xor_si256(bytes, other.bytes)}; }

  [[gnu::always_inline]] Vector high_nibbles() const { return Vector{_mm256_srli_epi16(bytes, 4)} & fill(0x0F); }
  [[gnu::always_inline]] bool is_ascii() const { return _mm256_movemask_epi8(bytes) == 0; }
  [[gnu::always_inline]] bool is_zero() const { return _mm256_testz_si256(bytes, bytes) != 0; }

  template <int kPlaces>
  [[gnu::always_inline]] Vector delayed(Vector before) const {
    // The instruction shifts within 16-byte lanes, so each lane needs the one below it.
    const __m256i lanes_before = _mm256_permute2x128_si256(before.bytes, bytes, 0x21);
    return {_mm256_alignr_epi8(bytes, lanes_before, 16 - kPlaces)};
  }

  __m256i bytes;
};

#include "core/utf8_lookup.inc"

}  // namespace avx2
}  // namespace

bool utf8_valid_avx2(const std::byte* data, std::size_t size) noexcept {
  if (size < 2 * avx2::Vector::kBytes) return utf8_valid_scalar(data, size);
  return avx2::lookup_valid(data, size);
}

}  // namespace mote::core::detail

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
