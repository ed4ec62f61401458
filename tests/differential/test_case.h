#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "proto/frame.h"
#include "proto/message_reader.h"
#include "tests/support/feed.h"

namespace mote::differential {

/// One stream of bytes from a peer, legal or not, and how it is read.
struct TestCase {
  proto::Role role = proto::Role::server;
  proto::MessageLimits limits{};
  std::string stream{};
  test::Feeding reads{};        ///< mote's, in one of two readings: how much has arrived after each.
  bool direct = false;          ///< Those reads go to MessageReader::direct_room() where it offers some.
  std::size_t beast_bytes = 0;  ///< At most so many bytes for each read of Beast's.
};

/// The one of that seed, always the same.
[[nodiscard]] TestCase make_case(std::uint64_t seed);

}  // namespace mote::differential
