#pragma once

#include <vector>

#include "tests/conformance/case.h"

namespace mote::conformance {

/// The frames are sent, exactly the expected ones come back in this order, and the closing handshake ends it.
inline Script answers(std::vector<Frame> sent, std::vector<Frame> expected, Chops chops = kTogether) {
  return [sent = std::move(sent), expected = std::move(expected), chops](Peer& peer, const Scale&) {
    peer.send(sent, chops);
    for (const Frame& frame : expected) peer.expect(frame);
    peer.close_normally();
  };
}

/// The message comes back as it was sent.
inline Script echoes(const Frame& message, Chops chops = kTogether) { return answers({message}, {message}, chops); }

/// The frames are sent, the expected ones come back, and then the other end closes: with this code, and first.
inline Script is_closed(unsigned code, std::vector<Frame> sent, Chops chops = kTogether,
                        std::vector<Frame> expected = {}) {
  return [code, sent = std::move(sent), chops, expected = std::move(expected)](Peer& peer, const Scale&) {
    peer.send(sent, chops);
    for (const Frame& frame : expected) peer.expect(frame);
    peer.expect_close(code);
  };
}

}  // namespace mote::conformance
