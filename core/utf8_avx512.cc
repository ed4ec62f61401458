#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/utf8_kernels.h"
#include "core/utf8_tables.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512bw"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512bw")
#endif

namespace mote::core::detail {
namespace {
namespace avx512 {

struct Vector {
  static constexpr std::size_t kBytes = 64;
  // Where g++ 12's header writes an unmasked form with an undefined vector, it warns of that. The masked form with
  // every lane in its mask becomes the same instruction.
  static constexpr __mmask8 kAllOf8 = 0xFF;
  static constexpr __mmask16 kAllOf16 = 0xFFFF;

  [[gnu::always_inline]] static Vector load(const std::byte* from) { return {_mm512_loadu_si512(from)}; }
  [[gnu::always_inline]] static Vector fill(std::uint8_t byte) { return {_mm512_set1_epi8(static_cast<char>(byte))}; }
  [[gnu::always_inline]] static Vector lookup(Vector table, Vector nibbles) {
    return {_mm512_shuffle_epi8(table.bytes, nibbles.bytes)};
  }
  [[gnu::always_inline]] static Vector saturating_subtract(Vector from, Vector what) {
    return {_mm512_subs_epu8(from.bytes, what.bytes)};
  }

  [[gnu::always_inline]] static Vector repeat(const std::array<std::uint8_t, 16>& bytes) {
    return {_mm512_maskz_broadcast_i32x4(kAllOf16, _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data())))};
  }

  // At most kBytes, then zeros. A masked load does not touch what its mask leaves out.
  [[gnu::always_inline]] static Vector load_first(const std::byte* from, std::size_t count) {
    const std::uint64_t mask = count < kBytes ? (std::uint64_t{1} << count) - 1 : ~std::uint64_t{0};
    return {_mm512_maskz_loadu_epi8(_cvtu64_mask64(mask), from)};
  }

  [[gnu::always_inline]] Vector operator|(Vector other) const { return {_mm512_or_si512(bytes, other.bytes)}; }
  [[gnu::always_inline]] Vector operator&(Vector other) const { return {_mm512_and_si512(bytes, other.bytes)}; }
  [[gnu::always_inline]] Vector operator^(Vector other) const { return {_mm512_xor_si512(bytes, other.bytes)}; }

  [[gnu::always_inline]] Vector high_nibbles() const { return Vector{_mm512_srli_epi16(bytes, 4)} & fill(0x0F); }
  [[gnu::always_inline]] bool is_ascii() const { return _mm512_movepi8_mask(bytes) == 0; }
  [[gnu::always_inline]] bool is_zero() const { return _mm512_test_epi8_mask(bytes, bytes) == 0; }

  template <int kPlaces>
  [[gnu::always_inline]] Vector delayed(Vector before) const {
    // The instruction shifts within 16-byte lanes, so each lane needs the one below it.
    const __m512i lanes_before = _mm512_maskz_alignr_epi64(kAllOf8, bytes, before.bytes, 6);
    return {_mm512_alignr_epi8(bytes, lanes_before, 16 - kPlaces)};
  }

  __m512i bytes;
};

#include "core/utf8_lookup.inc"

}  // namespace avx512
}  // namespace

bool utf8_valid_avx512(const std::byte* data, std::size_t size) noexcept {
  using avx512::Vector;
  if (size >= 2 * Vector::kBytes) return avx512::lookup_valid(data, size);
  avx512::LookupCheck check;
  const std::size_t first = std::min(size, Vector::kBytes);
  Vector last = Vector::load_first(data, first);
  check.take(last, Vector::fill(0));
  if (size > first) {
    const Vector before = last;
    last = Vector::load_first(data + first, size - first);
    check.take(last, before);
  }
  check.expect_end(last);
  return check.good();
}

}  // namespace mote::core::detail

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
