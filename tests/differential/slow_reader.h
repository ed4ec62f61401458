#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/frame.h"
#include "proto/violation.h"
#include "tests/differential/inflated.h"
#include "tests/differential/test_case.h"

namespace mote::differential {

/// What a slow and simple reader makes of a stream: it has all of it at hand, asks every rule each time, and shares no
/// code with mote. It is the arbiter where the two others differ.
struct SlowReading {
  std::vector<std::string> events;  ///< As in mote::test::Outcome, before the first thing that is wrong.
  /// Every rule that the first header, message or Close breaks that breaks any.
  std::vector<proto::Violation> broken;
  bool header_unfinished = false;  ///< The stream ends inside of a header.

  // What explanations ask for.
  std::uint32_t most_fragments = 0;    ///< Of one message.
  std::optional<unsigned> close_code;  ///< Of the Close frame that came.
  Inflated inflated;                   ///< What has come of the last compressed message.
  bool final_block = false;            ///< Compressed data had one.
  bool empty_payload = false;          ///< A compressed message had no payload at all.
  bool beyond_window = false;          ///< Compressed data referred farther back than was agreed on.
  bool compressed_unfinished = false;  ///< The stream ends inside of a compressed message.
  bool payload_too_long = false;       ///< More was announced of a compressed message than mote takes.

  [[nodiscard]] bool breaks(proto::Violation rule) const;
};

[[nodiscard]] SlowReading read_slowly(const TestCase& test, std::string_view stream);

}  // namespace mote::differential
