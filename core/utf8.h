#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/unaligned.h"

/// UTF-8 as RFC 3629 defines it: no overlong form, no surrogate, nothing above U+10FFFF. RFC 6455 §8.1 asks it of text
/// messages and close reasons.
///
/// The functions may be called from any thread, and while static objects are being constructed.
namespace mote::core {

/// One implementation of utf8_valid. `valid` takes any size and any alignment, and reads nothing outside of its input.
struct Utf8Kernel {
  const char* name;
  bool (*supported)() noexcept;
  bool (*valid)(const std::byte* data, std::size_t size) noexcept;
};

/// Every implementation compiled in, best first; the last one is supported everywhere.
[[nodiscard]] std::span<const Utf8Kernel> utf8_kernels() noexcept;

/// The one that texts over kUtf8ShortBytes go to on this CPU.
[[nodiscard]] const Utf8Kernel& chosen_utf8_kernel() noexcept;

/// Up to this size ASCII is recognised inline, by words. A text is mostly checked right after it was unmasked, with
/// words too up to this size; vectors would have to wait until those stores have left the store buffer.
inline constexpr std::size_t kUtf8InlineBytes = 64;

/// Up to this size other text is checked byte by byte: an indirect call and a vector's latency would cost as much.
inline constexpr std::size_t kUtf8ShortBytes = 16;

namespace detail {

/// Holds a resolver until the first call; constant-initialised, so that calls before main() find it.
extern constinit std::atomic<decltype(Utf8Kernel::valid)> utf8_valid_long;

/// Byte by byte. Right for any size, fast up to kUtf8ShortBytes.
[[nodiscard]] bool utf8_valid_short(const std::byte* data, std::size_t size) noexcept;

/// At most kUtf8InlineBytes. Words at the front and at the back cover the text between them, and may overlap.
[[nodiscard]] inline bool short_is_ascii(const std::byte* data, std::size_t size) noexcept {
  const std::byte* const end = data + size;
  std::uint64_t seen = 0;
  if (size > 32) {
    for (std::size_t i = 0; i < 32; i += 8) {
      seen |= load_unaligned<std::uint64_t>(data + i) | load_unaligned<std::uint64_t>(end - 32 + i);
    }
  } else if (size > 16) {
    seen = load_unaligned<std::uint64_t>(data) | load_unaligned<std::uint64_t>(data + 8) |
           load_unaligned<std::uint64_t>(end - 16) | load_unaligned<std::uint64_t>(end - 8);
  } else if (size >= 8) {
    seen = load_unaligned<std::uint64_t>(data) | load_unaligned<std::uint64_t>(end - 8);
  } else if (size >= 4) {
    seen = load_unaligned<std::uint32_t>(data) | load_unaligned<std::uint32_t>(end - 4);
  } else if (size > 0) {
    seen = std::to_integer<std::uint64_t>(data[0] | data[size / 2] | data[size - 1]);
  }
  return (seen & 0x8080808080808080) == 0;
}

}  // namespace detail

/// Whether the `size` bytes are valid UTF-8 from end to end. No bytes are.
[[nodiscard]] inline bool utf8_valid(const std::byte* data, std::size_t size) noexcept {
  if (size <= kUtf8InlineBytes && detail::short_is_ascii(data, size)) return true;
  if (size <= kUtf8ShortBytes) return detail::utf8_valid_short(data, size);
  return detail::utf8_valid_long.load(std::memory_order_relaxed)(data, size);
}

/// Checks a text that arrives in pieces, which may split it anywhere, inside a sequence too. A value is used by one
/// thread at a time; copies go on independently.
class Utf8Validator {
 public:
  /// Takes the next piece of the text. False as soon as what was fed since the last reset() cannot begin any valid
  /// text: at ED A0, not only at the sequence's third byte. From then on false, until reset().
  [[nodiscard]] bool feed(std::span<const std::byte> bytes) noexcept {
    if (complete() && bytes.size() <= kUtf8InlineBytes && detail::short_is_ascii(bytes.data(), bytes.size()))
      return true;
    return feed_any(bytes);
  }

  /// Whether the text may end here: it is valid so far and no sequence is pending.
  [[nodiscard]] bool complete() const noexcept { return state_ == kComplete; }

  /// Begins a new text.
  void reset() noexcept { state_ = kComplete; }

 private:
  static constexpr std::uint8_t kComplete = 6;  // the state machine's accepting state, see utf8.cc

  [[nodiscard]] bool feed_any(std::span<const std::byte> bytes) noexcept;

  std::uint8_t state_ = kComplete;
};

}  // namespace mote::core
