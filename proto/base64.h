#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace mote::proto {

/// The bytes in the standard alphabet, padded (RFC 4648 §4).
std::string base64(std::span<const std::byte> bytes);

}  // namespace mote::proto
