#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "proto/frame.h"
#include "tests/support/feed.h"

namespace mote::differential {

/// What permessage-deflate was agreed to be, for the messages of the peer (RFC 7692 §7.1).
struct Deflate {
  bool context_takeover = false;
  std::uint8_t window_bits = 15;
};

/// What the messages of the peer may be.
struct Rules {
  std::uint64_t message_bytes = 0;
  std::uint32_t fragments = 0;
  std::optional<Deflate> deflate = std::nullopt;
};

/// Whether streams have messages of permessage-deflate.
enum class Mode : std::uint8_t { plain, deflate };

/// One stream of bytes from a peer, legal or not, and how it is read.
struct TestCase {
  proto::Role role = proto::Role::server;
  Rules rules{};
  std::string stream{};
  test::Feeding reads{};        ///< mote's, in one of two readings: how much has arrived after each.
  bool direct = false;          ///< Those reads go to MessageReader::direct_room() where it offers some.
  std::size_t beast_bytes = 0;  ///< At most so many bytes for each read of Beast's.
};

/// The one of that seed, always the same.
[[nodiscard]] TestCase make_case(std::uint64_t seed, Mode mode);

}  // namespace mote::differential
