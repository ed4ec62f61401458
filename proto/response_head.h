#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mote/headers.h>

#include "proto/field_section.h"
#include "proto/response_fault.h"

namespace mote::proto {

/// Each in the unit of the mote::ClientOptions that it comes from; 2³²−1 bytes at most.
struct ResponseLimits {
  std::size_t head_bytes, header_lines;
};

/// The head of an HTTP/1 response (RFC 9112 §4, §5): status line and header fields, up to and including the empty line.
/// What content follows is not its concern: a client of mote reads none.
///
/// Strict, and independent of how the bytes were cut into reads, as RequestHead is.
class ResponseHead {
 public:
  /// `input`: every byte of this response so far, the same prefix each time (it may have moved). A call goes on where
  /// the last one stopped. It refuses as soon as the offending byte is there, and never looks beyond the end of the
  /// head.
  HeadProgress parse(std::string_view input, const ResponseLimits& limits);

  /// Complete: bytes of the head, with the empty line that ends it.
  [[nodiscard]] std::size_t size() const { return position_; }
  /// Refused: why.
  [[nodiscard]] ResponseFault fault() const { return fault_; }

  /// \name Complete
  /// Views into the `input` of the last parse(), or the `base` of the last rebase().
  /// @{
  /// 100 to 999; what is above 599 means what 5xx does (RFC 9110 §15).
  [[nodiscard]] int status() const { return status_; }
  /// An interim response: the final one follows behind size() bytes, for another ResponseHead (RFC 9110 §15.2). 101 is
  /// none, since it ends HTTP.
  [[nodiscard]] bool is_interim() const { return status_ < 200 && status_ != 101; }
  /// The reason phrase; it may be empty, and have octets beyond ASCII.
  [[nodiscard]] std::string_view reason() const { return {base_ + kReasonBegin, reason_end_ - kReasonBegin}; }
  [[nodiscard]] bool is_http_1_0() const { return http_1_0_; }
  [[nodiscard]] mote::Headers headers() const { return fields_.headers(base_); }
  /// Whether Connection lists `upgrade` (RFC 9110 §7.8).
  [[nodiscard]] bool connection_upgrade() const;
  /// @}

  /// The head was copied to `base`, which the views are into from now on.
  void rebase(const char* base) { base_ = base; }

 private:
  static constexpr std::uint32_t kReasonBegin = 13;  // behind `HTTP/1.1 200 `

  // What the next byte belongs to. Each up to `complete` has a take_…(), which consumes at least one byte or refuses.
  enum class Phase : std::uint8_t { status, reason, line_feed, fields, complete, refused };

  void take_some(std::string_view input, const ResponseLimits& limits);
  void take_status(char c);
  void take_reason(std::string_view input);
  void take_line_feed(char c);
  void take_fields(std::string_view input, const ResponseLimits& limits);
  void refuse(ResponseFault fault);

  const char* base_ = nullptr;
  std::uint32_t position_ = 0;  // of the next byte to look at
  std::uint32_t reason_end_ = kReasonBegin;
  FieldSection fields_;
  std::uint16_t status_ = 0;
  Phase phase_ = Phase::status;
  ResponseFault fault_ = ResponseFault::none;
  bool http_1_0_ = false;
};

}  // namespace mote::proto
