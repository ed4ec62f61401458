#include "core/unmask.h"

#include "core/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Every kernel holds to one rule, because `to` may be `from`: a byte is loaded before anything is stored over it.
// Vectors at the ends that overlap their neighbours are therefore loaded first and stored last; the overlap is written
// twice with the same bytes.

namespace mote::core {
namespace {

void unmask_scalar(std::byte* to, const std::byte* from, std::size_t size, std::uint32_t key) noexcept {
  if (size <= kUnmaskInlineBytes) return detail::unmask_small(to, from, size, key);
  const auto wide_key = detail::spread_key<std::uint64_t>(key);
  const auto last =
      load_unaligned<std::uint64_t>(from + size - 8) ^ detail::spread_key<std::uint64_t>(rotate_key(key, size));
  for (std::size_t at = 0; at + 8 <= size; at += 8) {
    store_unaligned(to + at, load_unaligned<std::uint64_t>(from + at) ^ wide_key);
  }
  store_unaligned(to + size - 8, last);
}

// 16 bytes, which every CPU of these architectures has vectors for: SSE2 and NEON are part of the baseline.
using Baseline [[gnu::vector_size(16)]] = std::uint64_t;

Baseline baseline_key(std::uint32_t key) {
  const auto word = detail::spread_key<std::uint64_t>(key);
  return Baseline{word, word};
}

void unmask_baseline(std::byte* to, const std::byte* from, std::size_t size, std::uint32_t key) noexcept {
  if (size <= kUnmaskInlineBytes) return detail::unmask_small(to, from, size, key);
  const Baseline keys = baseline_key(key);
  const Baseline last = load_unaligned<Baseline>(from + size - 16) ^ baseline_key(rotate_key(key, size));
  std::size_t at = 0;
  for (; at + 64 <= size; at += 64) {
    const Baseline a = load_unaligned<Baseline>(from + at) ^ keys;
    const Baseline b = load_unaligned<Baseline>(from + at + 16) ^ keys;
    const Baseline c = load_unaligned<Baseline>(from + at + 32) ^ keys;
    const Baseline d = load_unaligned<Baseline>(from + at + 48) ^ keys;
    store_unaligned(to + at, a);
    store_unaligned(to + at + 16, b);
    store_unaligned(to + at + 32, c);
    store_unaligned(to + at + 48, d);
  }
  for (; at + 16 <= size; at += 16) store_unaligned(to + at, load_unaligned<Baseline>(from + at) ^ keys);
  store_unaligned(to + size - 16, last);
}

#if defined(__x86_64__)

[[gnu::target("avx2")]] inline __m256i unmask_vector(const std::byte* from, __m256i key) noexcept {
  return _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)), key);
}

[[gnu::target("avx2")]] inline void store_vector(std::byte* to, __m256i vector) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), vector);
}

[[gnu::target("avx2")]] void unmask_avx2(std::byte* to, const std::byte* from, std::size_t size,
                                         std::uint32_t key) noexcept {
  if (size <= kUnmaskInlineBytes) return detail::unmask_small(to, from, size, key);
  // The last vectors, up to as many as the loop takes at once: nothing is left over for a loop of single ones.
  const __m256i last_keys = _mm256_set1_epi32(static_cast<int>(rotate_key(key, size)));
  const __m256i y = unmask_vector(from + size - 64, last_keys);
  const __m256i z = unmask_vector(from + size - 32, last_keys);
  const __m256i first_keys = _mm256_set1_epi32(static_cast<int>(key));
  const __m256i first = unmask_vector(from, first_keys);
  if (size <= 128) {
    store_vector(to + 32, unmask_vector(from + 32, first_keys));
  } else {
    const __m256i w = unmask_vector(from + size - 128, last_keys);
    const __m256i x = unmask_vector(from + size - 96, last_keys);
    // A payload begins 2 to 14 bytes behind something aligned: from here on, stores do not straddle cache lines.
    std::size_t at = (0 - reinterpret_cast<std::uintptr_t>(to)) % 32;
    const __m256i keys = _mm256_set1_epi32(static_cast<int>(rotate_key(key, at)));
    for (; at + 128 <= size; at += 128) {
      const __m256i a = unmask_vector(from + at, keys);
      const __m256i b = unmask_vector(from + at + 32, keys);
      const __m256i c = unmask_vector(from + at + 64, keys);
      const __m256i d = unmask_vector(from + at + 96, keys);
      store_vector(to + at, a);
      store_vector(to + at + 32, b);
      store_vector(to + at + 64, c);
      store_vector(to + at + 96, d);
    }
    store_vector(to + size - 128, w);
    store_vector(to + size - 96, x);
  }
  store_vector(to, first);
  store_vector(to + size - 64, y);
  store_vector(to + size - 32, z);
}

[[gnu::target("avx512bw")]] inline __m512i unmask_vector(const std::byte* from, __m512i key) noexcept {
  return _mm512_xor_si512(_mm512_loadu_si512(from), key);
}

[[gnu::target("avx512bw")]] void unmask_avx512(std::byte* to, const std::byte* from, std::size_t size,
                                               std::uint32_t key) noexcept {
  if (size <= kUnmaskInlineBytes) return detail::unmask_small(to, from, size, key);
  const __m512i first_keys = _mm512_set1_epi32(static_cast<int>(key));
  const __m512i last_keys = _mm512_set1_epi32(static_cast<int>(rotate_key(key, size)));
  const __m512i first = unmask_vector(from, first_keys);
  const __m512i z = unmask_vector(from + size - 64, last_keys);
  if (size > 128) {
    const __m512i y = unmask_vector(from + size - 128, last_keys);
    if (size <= 256) {
      _mm512_storeu_si512(to + 64, unmask_vector(from + 64, first_keys));
    } else {
      const __m512i w = unmask_vector(from + size - 256, last_keys);
      const __m512i x = unmask_vector(from + size - 192, last_keys);
      std::size_t at = (0 - reinterpret_cast<std::uintptr_t>(to)) % 64;
      const __m512i keys = _mm512_set1_epi32(static_cast<int>(rotate_key(key, at)));
      for (; at + 256 <= size; at += 256) {
        const __m512i a = unmask_vector(from + at, keys);
        const __m512i b = unmask_vector(from + at + 64, keys);
        const __m512i c = unmask_vector(from + at + 128, keys);
        const __m512i d = unmask_vector(from + at + 192, keys);
        _mm512_storeu_si512(to + at, a);
        _mm512_storeu_si512(to + at + 64, b);
        _mm512_storeu_si512(to + at + 128, c);
        _mm512_storeu_si512(to + at + 192, d);
      }
      _mm512_storeu_si512(to + size - 256, w);
      _mm512_storeu_si512(to + size - 192, x);
    }
    _mm512_storeu_si512(to + size - 128, y);
  }
  _mm512_storeu_si512(to, first);
  _mm512_storeu_si512(to + size - 64, z);
}

#endif

constexpr UnmaskKernel kKernels[] = {
#if defined(__x86_64__)
    {"avx512", &cpu::has_fast_avx512, &unmask_avx512},
    {"avx2", &cpu::has_avx2, &unmask_avx2},
    {"sse2", &cpu::has_baseline, &unmask_baseline},
#elif defined(__aarch64__)
    {"neon", &cpu::has_baseline, &unmask_baseline},
#else
    {"vector", &cpu::has_baseline, &unmask_baseline},
#endif
    {"scalar", &cpu::has_baseline, &unmask_scalar},
};

// Threads that meet here store the same pointer.
void resolve(std::byte* to, const std::byte* from, std::size_t size, std::uint32_t key) noexcept {
  const auto run = chosen_unmask_kernel().run;
  detail::unmask_large.store(run, std::memory_order_relaxed);
  run(to, from, size, key);
}

}  // namespace

constinit std::atomic<decltype(UnmaskKernel::run)> detail::unmask_large{&resolve};

std::span<const UnmaskKernel> unmask_kernels() noexcept { return kKernels; }

const UnmaskKernel& chosen_unmask_kernel() noexcept { return best_supported(unmask_kernels()); }

}  // namespace mote::core
