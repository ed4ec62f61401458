#pragma once

#include <string>

#include "tests/fault/peer.h"

/// What the peers of several scenarios have to say.
namespace mote::fault::script {

inline constexpr unsigned kText = 1;
inline constexpr unsigned kBinary = 2;
inline constexpr unsigned kClose = 8;
inline constexpr unsigned kPing = 9;
inline constexpr unsigned kPong = 10;

/// The payload of Close 1000.
inline const std::string& normal() {
  static const std::string code("\x03\xE8", 2);
  return code;
}
inline const std::string& large_text() {
  static const std::string text(300'000, 'x');
  return text;
}
inline const std::string& flood_text() {
  static const std::string text(64UL * 1024, 'f');
  return text;
}

/// The closing handshake.
inline Peer& leave(Peer& peer) { return peer.send(kClose, normal()).hear_close(1000).hear_end(); }
/// All that `!flood` sends.
inline Peer& hear_flood(Peer& peer) {
  for (int i = 0; i < 40; ++i) peer.hear(kText, flood_text());
  return peer;
}

}  // namespace mote::fault::script
