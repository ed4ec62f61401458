#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mote/headers.h>

#include "proto/field_section.h"
#include "proto/refusal.h"

namespace mote::proto {

/// Each in the unit of the mote::Options that it comes from; 2³²−1 bytes at most.
struct HeadLimits {
  std::size_t head_bytes, header_lines, target_bytes;
};

/// An HTTP/1 request's head (RFC 9112 §2 to §6): request line and header fields, up to and including the empty line.
///
/// Strict: where the RFC lets a recipient repair or reject, this rejects. What it answers depends on the octets alone,
/// not on how they were cut into reads.
class RequestHead {
 public:
  /// `input`: every byte of this request so far, the same prefix each time (it may have moved). A call goes on where
  /// the last one stopped. It refuses as soon as the offending byte is there, and never looks beyond the end of the
  /// head.
  HeadProgress parse(std::string_view input, const HeadLimits& limits);

  /// Complete: bytes of the head, with the empty lines before it and the one that ends it.
  [[nodiscard]] std::size_t size() const { return position_; }
  /// Refused: with which status, and why.
  [[nodiscard]] const Refusal& refusal() const { return refusal_for(fault_); }

  /// \name Complete
  /// Views into the `input` of the last parse(), or the `base` of the last rebase().
  /// @{
  [[nodiscard]] std::string_view method() const { return view(method_begin_, target_begin_ - 1); }
  [[nodiscard]] std::string_view target() const { return view(target_begin_, target_end_); }
  /// Of the origin-form or the absolute-form, as sent; `/` for `http://host`. Other forms belong to refused methods.
  [[nodiscard]] std::string_view path() const;
  /// Without the question mark.
  [[nodiscard]] std::string_view query() const;
  /// As sent; so it is `?q` for a target of `http://host?q`.
  [[nodiscard]] std::string_view path_and_query() const;
  /// The authority of an absolute-form target, otherwise the Host field (RFC 9112 §3.2.2); empty in HTTP/1.0 without
  /// one.
  [[nodiscard]] std::string_view host() const { return view(host_begin_, host_begin_ + host_size_); }
  [[nodiscard]] bool is_http_1_0() const { return http_1_0_; }
  [[nodiscard]] bool is_get() const { return get_; }
  /// Refused: right, too, if the method was read before the fault.
  [[nodiscard]] bool is_head() const { return head_; }
  [[nodiscard]] mote::Headers headers() const { return fields_.headers(base_); }
  /// Content follows the head: Content-Length above 0, or Transfer-Encoding (RFC 9112 §6).
  [[nodiscard]] bool has_body() const { return body_; }
  /// Whether the client lets the connection live after the response (RFC 9112 §9.3).
  [[nodiscard]] bool keep_alive() const { return !close_ && (!http_1_0_ || keep_alive_); }
  /// Whether Connection lists `upgrade` (RFC 9110 §7.8).
  [[nodiscard]] bool connection_upgrade() const { return upgrade_; }
  /// Expect: 100-continue, which HTTP/1.0 does not have (RFC 9110 §10.1.1).
  [[nodiscard]] bool expects_continue() const { return continue_ && !http_1_0_; }
  /// @}

  /// The head was copied to `base`, which the views are into from now on.
  void rebase(const char* base) { base_ = base; }

 private:
  // What the next byte belongs to. Each up to `complete` has a take_…(), which consumes at least one byte or refuses.
  enum class Phase : std::uint8_t { start, start_line_feed, method, target, version, fields, complete, refused };

  void take_some(std::string_view input, const HeadLimits& limits);
  void take_start(char c);
  void take_method(std::string_view input);
  void take_target(std::string_view input, const HeadLimits& limits);
  void take_version(std::string_view input);
  void take_fields(std::string_view input, const HeadLimits& limits);
  void take_start_line_feed(char c);

  void end_method();
  void end_target();
  void end_field();
  void end_head();

  void judge_host(std::string_view value);
  void judge_content_length(std::string_view value);
  void judge_transfer_encoding(std::string_view value);
  void note_connection(std::string_view value);
  void note_expect(std::string_view value);

  void refuse(Fault fault);
  [[nodiscard]] std::string_view view(std::size_t begin, std::size_t end) const { return {base_ + begin, end - begin}; }

  const char* base_ = nullptr;
  std::uint32_t position_ = 0;  // of the next byte to look at
  std::uint32_t method_begin_ = 0;
  std::uint32_t target_begin_ = 0;
  std::uint32_t target_end_ = 0;
  std::uint32_t path_begin_ = 0;
  std::uint32_t path_end_ = 0;
  std::uint32_t host_begin_ = 0;
  std::uint32_t host_size_ = 0;
  std::uint32_t version_begin_ = 0;
  FieldSection fields_;
  Phase phase_ = Phase::start;
  Fault fault_ = Fault::malformed_request_line;
  bool get_ : 1 = false;
  bool head_ : 1 = false;
  bool http_1_0_ : 1 = false;
  bool absolute_form_ : 1 = false;
  bool host_seen_ : 1 = false;
  bool content_length_seen_ : 1 = false;
  bool transfer_encoding_seen_ : 1 = false;
  bool chunked_ : 1 = false;
  bool body_ : 1 = false;
  bool close_ : 1 = false;
  bool keep_alive_ : 1 = false;
  bool upgrade_ : 1 = false;
  bool continue_ : 1 = false;
};

}  // namespace mote::proto
