#pragma once

#include <cstdint>

namespace mote::fault {

/// Has operator new, zlib and OpenSSL ask the injector before each allocation. Once, before anything of OpenSSL is
/// used; throws std::runtime_error where that is too late.
void take_over_allocators();

/// Blocks of all three that are there now.
std::int64_t live_blocks() noexcept;

}  // namespace mote::fault
