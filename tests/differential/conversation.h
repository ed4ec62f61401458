#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/frame.h"
#include "tests/differential/random.h"
#include "tests/differential/test_case.h"
#include "tests/support/frame_stream.h"

namespace mote::differential {

/// A frame as it is written; `payload` is what follows the header before it is masked.
struct Frame {
  unsigned first = 0;  ///< FIN, reserved bits, opcode.
  std::string payload;
  std::optional<std::uint64_t> announced = std::nullopt;  ///< Another length than the payload's.
  test::LengthForm form = test::LengthForm::shortest;
  bool masked = false;
  std::uint32_t key = 0;
};

/// What a peer might say: text and binary messages around all limits, whole and in fragments, control frames before,
/// between and after those, mostly a Close at the end; most messages compressed where that was agreed on. Mostly legal;
/// texts, Close frames and sizes are sometimes not.
[[nodiscard]] std::vector<Frame> random_conversation(Random& random, proto::Role reader, const Rules& rules);

/// Text or binary of some hundred kilobytes, in one frame or two.
[[nodiscard]] std::vector<Frame> random_large_message(Random& random, proto::Role reader, const Rules& rules);

/// A control frame: a ping, a pong, or seldom a Close.
[[nodiscard]] Frame random_control_frame(Random& random, proto::Role reader);

void append(std::string& stream, const Frame& frame);

}  // namespace mote::differential
