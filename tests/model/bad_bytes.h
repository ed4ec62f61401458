#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <mote/close.h>

#include "tests/model/role.h"

namespace mote::model {

/// The limits of whoever is under test that some bytes pass.
inline constexpr std::uint64_t kMaxMessageBytes = 60'000;
inline constexpr std::uint32_t kMaxFragments = 8;

/// What a peer must not send between two messages, and what it gets for it.
struct BadBytes {
  std::string name;
  std::string bytes;
  std::uint16_t code;
  EndedBy by;
};
/// Of a peer in that role.
std::span<const BadBytes> bad_bytes(Role speaker);

}  // namespace mote::model
