#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace mote::core {

/// Reads a T from bytes of any alignment, in the byte order of memory. One load instruction.
template <class T>
[[nodiscard]] inline T load_unaligned(const std::byte* from) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

/// Writes a T to bytes of any alignment, in the byte order of memory. One store instruction.
template <class T>
inline void store_unaligned(std::byte* to, T value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof(value));
}

}  // namespace mote::core
