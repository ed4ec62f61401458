#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/frame.h"

namespace mote::differential {

/// What Boost.Beast made of a stream; events are written as in mote::test::Outcome.
struct BeastOutcome {
  std::vector<std::string> events;
  std::string_view refusal;  ///< Its error's name in boost::beast::websocket::error; empty where it refused nothing.
};

/// Gives the bytes of one peer to a fresh boost::beast::websocket::stream that has just been opened, as a server or as
/// a client, at most `read_bytes` at a time. `message_bytes` is the limit for a message.
[[nodiscard]] BeastOutcome read_with_beast(proto::Role role, std::string_view stream, std::uint64_t message_bytes,
                                           std::size_t read_bytes);

}  // namespace mote::differential
