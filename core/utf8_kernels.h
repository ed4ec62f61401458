#pragma once

#include <cstddef>

/// The kernels behind utf8_valid(), which utf8.cc lists and chooses from. Call one only where core/cpu.h says that it
/// runs.
namespace mote::core::detail {

/// Skips ASCII eight bytes at a time, and goes byte by byte otherwise. The vector kernels leave to it what is too
/// short.
[[nodiscard]] bool utf8_valid_scalar(const std::byte* data, std::size_t size) noexcept;

#if defined(__x86_64__)
[[nodiscard]] bool utf8_valid_ssse3(const std::byte* data, std::size_t size) noexcept;
[[nodiscard]] bool utf8_valid_avx2(const std::byte* data, std::size_t size) noexcept;
[[nodiscard]] bool utf8_valid_avx512(const std::byte* data, std::size_t size) noexcept;
#elif defined(__aarch64__)
[[nodiscard]] bool utf8_valid_neon(const std::byte* data, std::size_t size) noexcept;
#endif

}  // namespace mote::core::detail
