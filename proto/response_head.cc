#include "proto/response_head.h"

#include <algorithm>
#include <limits>

#include "proto/ascii.h"
#include "proto/field_list.h"

namespace mote::proto {

HeadProgress ResponseHead::parse(std::string_view input, const ResponseLimits& limits) {
  constexpr std::size_t kLargestOffset = std::numeric_limits<std::uint32_t>::max();
  base_ = input.data();
  const std::size_t limit = std::min(limits.head_bytes, kLargestOffset);
  const std::string_view allowed = input.substr(0, limit);
  while (phase_ < Phase::complete && position_ < allowed.size()) take_some(allowed, limits);
  // Known without a further byte: a head that fits would have ended by now.
  if (phase_ < Phase::complete && position_ == limit) refuse(ResponseFault::head_too_large);
  if (phase_ == Phase::complete) return HeadProgress::complete;
  return phase_ == Phase::refused ? HeadProgress::refused : HeadProgress::incomplete;
}

void ResponseHead::take_some(std::string_view input, const ResponseLimits& limits) {
  switch (phase_) {
    case Phase::status:
      return take_status(input[position_]);
    case Phase::reason:
      return take_reason(input);
    case Phase::line_feed:
      return take_line_feed(input[position_]);
    case Phase::fields:
      return take_fields(input, limits);
    case Phase::complete:
    case Phase::refused:
      return;
  }
}

// The space behind the status is there even where no reason follows (RFC 9112 §4).
void ResponseHead::take_status(char c) {
  constexpr std::string_view kForm = "HTTP/1.1 200 ";
  static_assert(kForm.size() == kReasonBegin);
  constexpr std::size_t kMajor = 5, kMinor = 7, kStatus = 9, kSpace = 12;
  const std::size_t i = position_;
  const bool digit = i == kMajor || i == kMinor || (i >= kStatus && i < kSpace);
  const bool fits = digit ? is(kDigit, c) && (i != kStatus || c != '0') : c == kForm[i];
  if (!fits) return refuse(ResponseFault::malformed_status_line);
  if (i == kMajor && c != '1') return refuse(ResponseFault::unsupported_http_version);
  if (i == kMinor) http_1_0_ = c == '0';
  if (digit && i >= kStatus) status_ = static_cast<std::uint16_t>(10 * status_ + (c - '0'));
  ++position_;
  if (i == kSpace) phase_ = Phase::reason;
}

void ResponseHead::take_reason(std::string_view input) {
  position_ += static_cast<std::uint32_t>(run_length(kFieldValue, input, position_));
  if (position_ == input.size()) return;
  const char c = input[position_];
  if (c == '\n') return refuse(ResponseFault::bare_line_feed);
  if (c != '\r') return refuse(ResponseFault::malformed_status_line);
  reason_end_ = position_++;
  phase_ = Phase::line_feed;
}

void ResponseHead::take_line_feed(char c) {
  if (c != '\n') return refuse(ResponseFault::bare_carriage_return);
  fields_.begin(++position_);
  phase_ = Phase::fields;
}

void ResponseHead::take_fields(std::string_view input, const ResponseLimits& limits) {
  const FieldSection::Step step = fields_.next(input, limits.header_lines);
  position_ = fields_.position();
  if (step == FieldSection::Step::complete) phase_ = Phase::complete;
  if (step == FieldSection::Step::broken) refuse(as_head_fault<ResponseFault>(fields_.fault()));
}

void ResponseHead::refuse(ResponseFault fault) {
  fault_ = fault;
  phase_ = Phase::refused;
}

bool ResponseHead::connection_upgrade() const {
  return any_element(headers(), "Connection",
                     [](std::string_view option) { return equals_ignoring_case(option, "upgrade"); });
}

}  // namespace mote::proto
