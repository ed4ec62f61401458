#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::core {

/// Fills `bytes` from the kernel's generator (getrandom(2)), through a small buffer of this thread, so that most calls
/// are no system call. Any thread. Throws std::system_error where the kernel has no generator.
void fill_random(std::span<std::byte> bytes);
/// The same for four bytes.
[[nodiscard]] std::uint32_t random_word();

}  // namespace mote::core
