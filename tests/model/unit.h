#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <mote/close.h>

namespace mote::model {

/// Something that a peer says, in the order in which it is complete: a whole message, however many frames it has, a
/// control frame, or bytes that break a rule.
struct Unit {
  enum class Kind { message, ping, pong, close, bad };

  Kind kind = Kind::message;
  unsigned opcode = 0;
  std::string payload = {};    ///< Of Close: the reason.
  std::uint16_t code = 0;      ///< Of Close; of what is bad: the one that it gets.
  EndedBy by = EndedBy::peer;  ///< Likewise.
  std::size_t begin = 0;       ///< Where its first byte is among all that the peer says,
  std::size_t end = 0;         ///< and the one behind its last.

  /// Nothing that comes behind it is delivered.
  [[nodiscard]] bool ends() const { return kind == Kind::close || kind == Kind::bad; }
};

}  // namespace mote::model
