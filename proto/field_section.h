#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mote/headers.h>

#include "proto/ascii.h"

namespace mote::proto {

/// How far the head of a message has come.
enum class HeadProgress { incomplete, complete, refused };

/// What the field lines of a head can be wrong in (RFC 9112 §2.2, §5).
enum class FieldFault : std::uint8_t {
  bare_line_feed,
  bare_carriage_return,
  space_before_first_field,
  folded_line,
  malformed_field_name,
  control_character_in_value,
  too_many_lines,
};

/// The same in an enumeration of what a whole head can be wrong in.
template <class HeadFault>
constexpr HeadFault as_head_fault(FieldFault fault) {
  switch (fault) {
    case FieldFault::bare_line_feed:
      return HeadFault::bare_line_feed;
    case FieldFault::bare_carriage_return:
      return HeadFault::bare_carriage_return;
    case FieldFault::space_before_first_field:
      return HeadFault::space_before_first_field;
    case FieldFault::folded_line:
      return HeadFault::folded_line;
    case FieldFault::malformed_field_name:
      return HeadFault::malformed_field_name;
    case FieldFault::control_character_in_value:
      return HeadFault::control_character_in_value;
    case FieldFault::too_many_lines:
      break;
  }
  return HeadFault::too_many_header_lines;
}

/// Reads the field lines of an HTTP/1 head (RFC 9112 §5), up to and including the empty line, for RequestHead and
/// ResponseHead, which hold the start line.
///
/// Strict: where the RFC lets a recipient repair or reject, this rejects. Offsets, not pointers: the head may move.
class FieldSection {
 public:
  enum class Step : std::uint8_t { incomplete, field, complete, broken };

  /// The first line starts at this offset.
  void begin(std::uint32_t position) { begin_ = position_ = position; }

  /// Goes on until a line has ended, the empty one ends the head, or a byte is wrong. `input`: every byte of the head
  /// so far, at most 2³²−1. Not to be called again after `complete` or `broken`.
  Step next(std::string_view input, std::size_t max_lines);

  /// Of the next byte to look at; complete: the end of the head.
  [[nodiscard]] std::uint32_t position() const { return position_; }
  [[nodiscard]] FieldFault fault() const { return fault_; }

  /// \name Views into the head, which is at `base` now
  /// @{
  /// field: of the line that has ended.
  [[nodiscard]] std::string_view name(const char* base) const { return {base + line_begin_, name_end_ - line_begin_}; }
  [[nodiscard]] std::string_view value(const char* base) const {
    return trim_ows({base + name_end_ + 1, position_ - 2 - (name_end_ + 1)});
  }
  /// complete: all of them.
  [[nodiscard]] mote::Headers headers(const char* base) const {
    return mote::Headers({base + begin_, position_ - 2 - begin_});
  }
  /// @}

 private:
  // What the next byte belongs to.
  enum class Phase : std::uint8_t { line, name, value, value_line_feed, end_line_feed };

  Step take_line(char c, std::size_t max_lines);
  Step take_name(std::string_view input);
  Step take_value(std::string_view input);
  Step take_line_feed(char c);
  Step broken(FieldFault fault);

  std::uint32_t begin_ = 0;
  std::uint32_t position_ = 0;
  std::uint32_t lines_ = 0;
  std::uint32_t line_begin_ = 0;
  std::uint32_t name_end_ = 0;  // its colon
  Phase phase_ = Phase::line;
  FieldFault fault_ = FieldFault::malformed_field_name;
};

}  // namespace mote::proto
