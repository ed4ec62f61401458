#pragma once

#include <cstddef>
#include <string>

#include "tests/fault/log_book.h"
#include "tests/fault/peer.h"
#include "tests/fault/stage.h"

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

/// One line in the log has that. A fault may cost it, or lead to others, up to `most`.
inline void expect_logged(Stage& stage, const std::string& text, std::size_t most = 1) {
  stage.judge = [text, most](unsigned faults) -> std::string {
    const std::size_t lines = log_book().count(text);
    const bool good = faults == 0 ? lines == 1 : lines <= most;
    return good ? "" : std::to_string(lines) + " lines in the log have: " + text;
  };
}

}  // namespace mote::fault::script
