#pragma once

#include <string>
#include <vector>

#include "proto/frame.h"
#include "tests/differential/conversation.h"
#include "tests/differential/random.h"

namespace mote::differential {

/// Spoils a conversation where its frames lie: another opcode, length, mask or order, a frame more or less.
void mutate_frames(Random& random, proto::Role reader, std::vector<Frame>& frames);

/// Spoils a stream without knowing its frames: bits flipped, bytes set, inserted, deleted or doubled, an end cut off.
void mutate_bytes(Random& random, std::string& stream);

}  // namespace mote::differential
