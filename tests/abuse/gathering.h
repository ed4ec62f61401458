#pragma once

#include <cstddef>

#include "tests/abuse/crowd.h"

namespace mote::abuse {

/// Begins `count` clients, so many handshakes at a time, and waits until all have opened, ended or failed, or for so
/// many seconds. Answers how many are open. It stops where there is no socket to be had.
std::size_t gather(Crowd& crowd, std::size_t count, double seconds, std::size_t at_once = 512);

}  // namespace mote::abuse
