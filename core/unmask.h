#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/unaligned.h"

/// Masking and unmasking of payloads (RFC 6455 §5.3): byte i is XORed with byte i mod 4 of the masking key. A key is
/// held as the four bytes lie on the wire, copied into a std::uint32_t; its numeric value depends on the machine's byte
/// order.
///
/// Everything here may be called from any thread, and while static objects are being constructed.
namespace mote::core {

/// One implementation. `run` takes any size and any alignment; `to` and `from` are the same or do not overlap.
struct UnmaskKernel {
  const char* name;
  bool (*supported)() noexcept;
  void (*run)(std::byte* to, const std::byte* from, std::size_t size, std::uint32_t key) noexcept;
};

/// Every implementation compiled in, best first; the last one is supported everywhere.
[[nodiscard]] std::span<const UnmaskKernel> unmask_kernels() noexcept;

/// The one that payloads over kUnmaskInlineBytes go to on this CPU.
[[nodiscard]] const UnmaskKernel& chosen_unmask_kernel() noexcept;

/// Up to this size the payload is unmasked inline: below it, the indirect call costs more than wide vectors save.
inline constexpr std::size_t kUnmaskInlineBytes = 64;

/// The key with which to go on after `consumed` bytes were unmasked with `key`.
[[nodiscard]] constexpr std::uint32_t rotate_key(std::uint32_t key, std::size_t consumed) noexcept {
  const int bits = static_cast<int>(consumed % 4) * 8;
  if constexpr (std::endian::native == std::endian::little) return std::rotr(key, bits);
  return std::rotl(key, bits);
}

namespace detail {

/// Holds a resolver until the first call; constant-initialised, so that calls before main() find it.
extern constinit std::atomic<decltype(UnmaskKernel::run)> unmask_large;

template <class Word>
[[nodiscard]] constexpr Word spread_key(std::uint32_t key) noexcept {
  if constexpr (sizeof(Word) == sizeof(key)) {
    return key;
  } else {
    return (Word{key} << 32) | key;
  }
}

/// Unmasks the first and the last `kWords` words, which together must cover all `size` bytes and may overlap. Every
/// load comes before every store: the overlap is then written twice with the same bytes rather than unmasked twice.
template <class Word, std::size_t kWords>
[[gnu::always_inline]] inline void unmask_ends(std::byte* to, const std::byte* from, std::size_t size,
                                               std::uint32_t key) noexcept {
  const Word head_key = spread_key<Word>(key);
  const Word tail_key = spread_key<Word>(rotate_key(key, size));  // a word is a multiple of 4 bytes
  const std::size_t tail_at = size - kWords * sizeof(Word);
  std::array<Word, kWords> head;
  std::array<Word, kWords> tail;
  for (std::size_t i = 0; i < kWords; ++i) {
    head[i] = load_unaligned<Word>(from + i * sizeof(Word)) ^ head_key;
    tail[i] = load_unaligned<Word>(from + tail_at + i * sizeof(Word)) ^ tail_key;
  }
  for (std::size_t i = 0; i < kWords; ++i) store_unaligned(to + i * sizeof(Word), head[i]);
  for (std::size_t i = 0; i < kWords; ++i) store_unaligned(to + tail_at + i * sizeof(Word), tail[i]);
}

/// At most three bytes: the first, the middle and the last one, which may be the same.
[[gnu::always_inline]] inline void unmask_bytes(std::byte* to, const std::byte* from, std::size_t size,
                                                std::uint32_t key) noexcept {
  if (size == 0) return;
  const auto key_bytes = std::bit_cast<std::array<std::byte, 4>>(key);
  const std::byte first = from[0] ^ key_bytes[0];
  const std::byte middle = from[size / 2] ^ key_bytes[size / 2];
  const std::byte last = from[size - 1] ^ key_bytes[size - 1];
  to[0] = first;
  to[size / 2] = middle;
  to[size - 1] = last;
}

/// At most kUnmaskInlineBytes.
[[gnu::always_inline]] inline void unmask_small(std::byte* to, const std::byte* from, std::size_t size,
                                                std::uint32_t key) noexcept {
  if (size > 32) return unmask_ends<std::uint64_t, 4>(to, from, size, key);
  if (size > 16) return unmask_ends<std::uint64_t, 2>(to, from, size, key);
  if (size >= 8) return unmask_ends<std::uint64_t, 1>(to, from, size, key);
  if (size >= 4) return unmask_ends<std::uint32_t, 1>(to, from, size, key);
  unmask_bytes(to, from, size, key);
}

}  // namespace detail

/// Writes the `size` unmasked bytes of `from` to `to`. The two are the same or do not overlap; any alignment.
[[gnu::always_inline]] inline void unmask_copy(std::byte* to, const std::byte* from, std::size_t size,
                                               std::uint32_t key) noexcept {
  if (size <= kUnmaskInlineBytes) return detail::unmask_small(to, from, size, key);
  detail::unmask_large.load(std::memory_order_relaxed)(to, from, size, key);
}

/// Unmasks `size` bytes where they lie. Doing it twice gives back what was there.
[[gnu::always_inline]] inline void unmask(std::byte* data, std::size_t size, std::uint32_t key) noexcept {
  unmask_copy(data, data, size, key);
}

}  // namespace mote::core
