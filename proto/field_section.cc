#include "proto/field_section.h"

namespace mote::proto {

// Each take_…() consumes at least one byte unless something is wrong; `incomplete` of one that left some means that the
// next phase has begun.
FieldSection::Step FieldSection::next(std::string_view input, std::size_t max_lines) {
  Step step = Step::incomplete;
  while (step == Step::incomplete && position_ < input.size()) {
    switch (phase_) {
      case Phase::line:
        step = take_line(input[position_], max_lines);
        break;
      case Phase::name:
        step = take_name(input);
        break;
      case Phase::value:
        step = take_value(input);
        break;
      case Phase::value_line_feed:
      case Phase::end_line_feed:
        step = take_line_feed(input[position_]);
        break;
    }
  }
  return step;
}

FieldSection::Step FieldSection::take_line(char c, std::size_t max_lines) {
  if (c == '\n') return broken(FieldFault::bare_line_feed);
  if (is_ows(c)) return broken(lines_ == 0 ? FieldFault::space_before_first_field : FieldFault::folded_line);
  if (c == '\r') {
    ++position_;
    phase_ = Phase::end_line_feed;
    return Step::incomplete;
  }
  if (lines_ >= max_lines) return broken(FieldFault::too_many_lines);
  ++lines_;
  line_begin_ = position_;
  phase_ = Phase::name;
  return Step::incomplete;
}

FieldSection::Step FieldSection::take_name(std::string_view input) {
  position_ += static_cast<std::uint32_t>(run_length(kToken, input, position_));
  if (position_ == input.size()) return Step::incomplete;
  if (input[position_] != ':' || position_ == line_begin_) return broken(FieldFault::malformed_field_name);
  name_end_ = position_++;
  phase_ = Phase::value;
  return Step::incomplete;
}

FieldSection::Step FieldSection::take_value(std::string_view input) {
  position_ += static_cast<std::uint32_t>(field_value_length(input, position_));
  if (position_ == input.size()) return Step::incomplete;
  const char c = input[position_];
  if (c == '\n') return broken(FieldFault::bare_line_feed);
  if (c != '\r') return broken(FieldFault::control_character_in_value);
  ++position_;
  phase_ = Phase::value_line_feed;
  return Step::incomplete;
}

FieldSection::Step FieldSection::take_line_feed(char c) {
  if (c != '\n') return broken(FieldFault::bare_carriage_return);
  ++position_;
  if (phase_ == Phase::end_line_feed) return Step::complete;
  phase_ = Phase::line;
  return Step::field;
}

FieldSection::Step FieldSection::broken(FieldFault fault) {
  fault_ = fault;
  return Step::broken;
}

}  // namespace mote::proto
