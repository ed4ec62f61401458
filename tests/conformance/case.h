#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "tests/conformance/deflate_terms.h"
#include "tests/conformance/peer.h"

/// Our own cases for the numbers of the public Autobahn test suite, each with one outcome that passes: the strict one.
namespace mote::conformance {

/// How much of a case is run. Every case has both forms.
struct Scale {
  bool sampled = false;  ///< Fewer messages and smaller ones, for a run of seconds.

  /// How long a case that pauses between two parts watches for what must not come.
  [[nodiscard]] std::chrono::milliseconds pause() const { return std::chrono::milliseconds(sampled ? 100 : 1000); }
};

/// What is sent, what must come back and how the connection must end. Throws where it does not.
using Script = std::function<void(Peer&, const Scale&)>;

struct Case {
  std::string id;    ///< "6.4.2"
  std::string what;  ///< One line.
  Script script;
  /// What this end asks of the other's compressor, the most wanted first; empty: no extension is offered.
  std::vector<DeflateWish> deflate = {};
};

std::vector<Case> framing_cases();      ///< 1 to 5 and 10: lengths, control frames, reserved bits, opcodes, fragments.
std::vector<Case> utf8_cases();         ///< 6
std::vector<Case> closing_cases();      ///< 7
std::vector<Case> limits_cases();       ///< 9: large messages, many fragments, round trips.
std::vector<Case> compression_cases();  ///< 12 and 13: permessage-deflate.

/// All of them, in the order of their numbers.
std::vector<Case> all_cases();

/// The section of a case: "6" of "6.4.2".
inline std::string section_of(const Case& one) { return one.id.substr(0, one.id.find('.')); }

}  // namespace mote::conformance
