#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <mote/close.h>

namespace mote::model {

/// The limits of a model's server that some bytes pass.
inline constexpr std::uint64_t kMaxMessageBytes = 60'000;
inline constexpr std::uint32_t kMaxFragments = 8;

/// What a client must not send between two messages, and what it gets for it.
struct BadBytes {
  std::string name;
  std::string bytes;
  std::uint16_t code;
  EndedBy by;
};
std::span<const BadBytes> bad_bytes();

}  // namespace mote::model
