#include "proto/request_head.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "proto/ascii.h"
#include "proto/authority.h"
#include "proto/field_list.h"

namespace mote::proto {
namespace {

constexpr std::uint32_t kMaxEmptyLines = 4;  // RFC 9112 §2.2 asks for one at least; a client that sends many is none
constexpr std::size_t kLongestMethod = 7;    // of those that are known

bool is_other_known_method(std::string_view method) {
  constexpr std::string_view kKnown[] = {"POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  return std::find(std::begin(kKnown), std::end(kKnown), method) != std::end(kKnown);
}

// The length of `http://` or `https://` at the beginning. The scheme is not looked at again: whether TLS is spoken is
// known from the socket, not from what a client claims.
std::size_t scheme_length(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  }
  return 0;
}

std::uint32_t offset(std::size_t position) { return static_cast<std::uint32_t>(position); }

}  // namespace

HeadProgress RequestHead::parse(std::string_view input, const HeadLimits& limits) {
  constexpr std::size_t kLargestOffset = std::numeric_limits<std::uint32_t>::max();
  base_ = input.data();
  const std::size_t limit = std::min(limits.head_bytes, kLargestOffset);
  const std::string_view allowed = input.substr(0, limit);
  while (phase_ < Phase::complete && position_ < allowed.size()) take_some(allowed, limits);
  // Known without a further byte: a head that fits would have ended by now.
  if (phase_ < Phase::complete && position_ == limit) refuse(Fault::head_too_large);
  if (phase_ == Phase::complete) return HeadProgress::complete;
  return phase_ == Phase::refused ? HeadProgress::refused : HeadProgress::incomplete;
}

void RequestHead::take_some(std::string_view input, const HeadLimits& limits) {
  switch (phase_) {
    case Phase::start:
      return take_start(input[position_]);
    case Phase::method:
      return take_method(input);
    case Phase::target:
      return take_target(input, limits);
    case Phase::version:
      return take_version(input);
    case Phase::fields:
      return take_fields(input, limits);
    case Phase::start_line_feed:
      return take_start_line_feed(input[position_]);
    case Phase::complete:
    case Phase::refused:
      return;
  }
}

void RequestHead::take_start(char c) {
  constexpr char kTlsHandshake = 0x16;  // the type of a ClientHello's record (RFC 8446 §5.1)
  if (c == kTlsHandshake && position_ == 0) return refuse(Fault::tls_on_plain_port);
  if (c == '\n') return refuse(Fault::bare_line_feed);
  if (c != '\r') {
    method_begin_ = position_;
    phase_ = Phase::method;
  } else if (position_ == 2 * kMaxEmptyLines) {
    refuse(Fault::malformed_request_line);
  } else {
    ++position_;
    phase_ = Phase::start_line_feed;
  }
}

void RequestHead::take_method(std::string_view input) {
  position_ += offset(run_length(kToken, input, position_));
  if (position_ - method_begin_ > kLongestMethod) return refuse(Fault::unknown_method);
  if (position_ == input.size()) return;
  if (input[position_] != ' ' || position_ == method_begin_) return refuse(Fault::malformed_request_line);
  end_method();
}

void RequestHead::end_method() {
  const std::string_view method = view(method_begin_, position_);
  get_ = method == "GET";
  head_ = method == "HEAD";
  if (!get_ && !head_) {
    return refuse(is_other_known_method(method) ? Fault::method_not_allowed : Fault::unknown_method);
  }
  target_begin_ = ++position_;
  phase_ = Phase::target;
}

void RequestHead::take_target(std::string_view input, const HeadLimits& limits) {
  position_ += offset(run_length(kTarget, input, position_));
  const std::size_t size = position_ - target_begin_;
  // GET and HEAD have no asterisk-form and no authority-form (RFC 9112 §3.2.3, §3.2.4).
  if (size > 0 && input[target_begin_] != '/' && to_lower(input[target_begin_]) != 'h') {
    return refuse(Fault::malformed_target);
  }
  if (size > limits.target_bytes) return refuse(Fault::target_too_long);
  if (position_ == input.size()) return;
  if (input[position_] != ' ' || size == 0) return refuse(Fault::malformed_target);
  end_target();
}

void RequestHead::end_target() {
  target_end_ = position_;
  path_begin_ = target_begin_;
  const std::string_view whole = target();
  if (whole.front() != '/') {
    const std::size_t scheme = scheme_length(whole);
    const std::size_t authority_end = std::min(whole.find_first_of("/?", scheme), whole.size());
    if (scheme == 0 || !is_authority(whole.substr(scheme, authority_end - scheme))) {
      return refuse(Fault::malformed_target);
    }
    absolute_form_ = true;
    host_begin_ = target_begin_ + offset(scheme);
    host_size_ = offset(authority_end - scheme);
    path_begin_ = target_begin_ + offset(authority_end);
  }
  path_end_ = target_begin_ + offset(std::min(whole.find('?'), whole.size()));
  version_begin_ = ++position_;
  phase_ = Phase::version;
}

void RequestHead::take_version(std::string_view input) {
  constexpr std::string_view kForm = "HTTP/1.1\r\n";
  constexpr std::size_t kMajor = 5, kMinor = 7, kReturn = 8, kLineFeed = 9;
  while (position_ < input.size()) {
    const std::size_t i = position_ - version_begin_;
    const char c = input[position_];
    const bool fits = i == kMajor || i == kMinor ? is(kDigit, c) : c == kForm[i];
    if (!fits) {
      if (i == kLineFeed) return refuse(Fault::bare_carriage_return);
      return refuse(i == kReturn && c == '\n' ? Fault::bare_line_feed : Fault::malformed_version);
    }
    ++position_;
    if (i == kReturn && input[version_begin_ + kMajor] != '1') return refuse(Fault::unsupported_http_version);
    if (i == kLineFeed) break;
  }
  if (position_ - version_begin_ < kForm.size()) return;
  http_1_0_ = input[version_begin_ + kMinor] == '0';
  fields_.begin(position_);
  phase_ = Phase::fields;
}

void RequestHead::take_start_line_feed(char c) {
  if (c != '\n') return refuse(Fault::bare_carriage_return);
  ++position_;
  phase_ = Phase::start;
}

void RequestHead::take_fields(std::string_view input, const HeadLimits& limits) {
  const FieldSection::Step step = fields_.next(input, limits.header_lines);
  position_ = fields_.position();
  switch (step) {
    case FieldSection::Step::incomplete:
      return;
    case FieldSection::Step::field:
      return end_field();
    case FieldSection::Step::complete:
      phase_ = Phase::complete;
      return end_head();
    case FieldSection::Step::broken:
      return refuse(as_head_fault<Fault>(fields_.fault()));
  }
}

void RequestHead::end_field() {
  const std::string_view name = fields_.name(base_);
  const auto value = [this] { return fields_.value(base_); };
  switch (name.size()) {
    case 4:
      if (equals_ignoring_case(name, "Host")) judge_host(value());
      break;
    case 6:
      if (equals_ignoring_case(name, "Expect")) note_expect(value());
      break;
    case 10:
      if (equals_ignoring_case(name, "Connection")) note_connection(value());
      break;
    case 14:
      if (equals_ignoring_case(name, "Content-Length")) judge_content_length(value());
      break;
    case 17:
      if (equals_ignoring_case(name, "Transfer-Encoding")) judge_transfer_encoding(value());
      break;
    default:
      break;
  }
}

void RequestHead::end_head() {
  if (!host_seen_ && !http_1_0_) return refuse(Fault::missing_host);
  if (transfer_encoding_seen_ && !chunked_) return refuse(Fault::transfer_encoding_not_chunked);
}

void RequestHead::judge_host(std::string_view value) {
  if (host_seen_) return refuse(Fault::repeated_host);
  if (!is_authority(value)) return refuse(Fault::invalid_host);
  host_seen_ = true;
  if (absolute_form_) return;
  host_begin_ = offset(static_cast<std::size_t>(value.data() - base_));
  host_size_ = offset(value.size());
}

void RequestHead::judge_content_length(std::string_view value) {
  // RFC 9110 §8.6 permits to repair repeated equal ones; requests are smuggled through that.
  if (content_length_seen_) return refuse(Fault::repeated_content_length);
  if (value.empty() || !consists_of(kDigit, value)) return refuse(Fault::invalid_content_length);
  if (transfer_encoding_seen_) return refuse(Fault::transfer_encoding_with_content_length);
  content_length_seen_ = true;
  // The number is not needed, since no content is ever read; so it cannot overflow.
  body_ = value.find_first_not_of('0') != std::string_view::npos;
}

void RequestHead::judge_transfer_encoding(std::string_view value) {
  if (http_1_0_) return refuse(Fault::transfer_encoding_in_http_1_0);
  if (content_length_seen_) return refuse(Fault::transfer_encoding_with_content_length);
  transfer_encoding_seen_ = true;
  body_ = true;
  FieldList codings(value);
  while (const std::optional<std::string_view> coding = codings.next()) {
    // Nothing may follow chunked, a second chunked least of all (RFC 9112 §7.1).
    if (chunked_ || !is_token(*coding)) return refuse(Fault::transfer_encoding_not_chunked);
    chunked_ = equals_ignoring_case(*coding, "chunked");
  }
}

void RequestHead::note_connection(std::string_view value) {
  FieldList options(value);
  while (const std::optional<std::string_view> option = options.next()) {
    if (equals_ignoring_case(*option, "close")) close_ = true;
    if (equals_ignoring_case(*option, "keep-alive")) keep_alive_ = true;
    if (equals_ignoring_case(*option, "upgrade")) upgrade_ = true;
  }
}

void RequestHead::note_expect(std::string_view value) {
  FieldList expectations(value);
  while (const std::optional<std::string_view> expectation = expectations.next()) {
    if (equals_ignoring_case(*expectation, "100-continue")) continue_ = true;
  }
}

void RequestHead::refuse(Fault fault) {
  fault_ = fault;
  phase_ = Phase::refused;
}

std::string_view RequestHead::path() const {
  return path_begin_ == path_end_ ? std::string_view("/") : view(path_begin_, path_end_);
}

std::string_view RequestHead::query() const { return view(std::min(path_end_ + 1, target_end_), target_end_); }

std::string_view RequestHead::path_and_query() const {
  return path_begin_ == target_end_ ? std::string_view("/") : view(path_begin_, target_end_);
}

}  // namespace mote::proto
