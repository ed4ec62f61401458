#pragma once

#include <cstdint>
#include <string_view>

namespace mote::proto {

/// What a peer may never do on an open connection: one value for each rule.
enum class Violation : std::uint8_t {
  none,
  reserved_bits,
  compressed_bit_misplaced,
  unknown_opcode,
  unmasked_frame,
  masked_frame,
  length_not_minimal,
  length_high_bit,
  control_too_long,
  control_fragmented,
  stray_continuation,
  interleaved_message,
  close_one_byte,
  close_code,
  close_reason_not_utf8,
  text_not_utf8,
  compressed_data_invalid,
  message_too_big,
  too_many_fragments,
};

struct ViolationInfo {
  std::uint16_t close_code;  ///< What the connection is failed with (RFC 6455 §7.1.7).
  bool limit;                ///< A limit of Options rather than a rule of the protocol.
  std::string_view text;     ///< Names the rule and its section, for the log, `on_error` and the Close frame's reason.
};

/// The one table of violations; not for `none`.
[[nodiscard]] const ViolationInfo& info_of(Violation violation);

}  // namespace mote::proto
