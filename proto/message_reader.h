#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "core/block_cache.h"
#include "core/byte_buffer.h"
#include "core/unaligned.h"
#include "core/unmask.h"
#include "core/utf8.h"
#include "proto/close_code.h"
#include "proto/deflate_pool.h"
#include "proto/frame.h"
#include "proto/inflater.h"
#include "proto/violation.h"

namespace mote::proto {

/// What the messages of a peer may be.
struct MessageRules {
  std::uint64_t message_bytes;  ///< After inflating.
  std::uint32_t fragments;
  DeflatePool* deflate = nullptr;             ///< Where permessage-deflate was agreed on.
  bool context_takeover = false;              ///< A compressed message may refer to those before it,
  std::uint8_t window_bits = kMaxWindowBits;  ///< as far as that.
  core::BlockCache* blocks = nullptr;         ///< For messages that come in several reads.
};

/// What the payload of a compressed message may have on the wire where so much may come out of it. DEFLATE needs nine
/// bits for a byte at worst; the rest is for fragments that each end in an empty block. It bounds the time that a
/// message without content can take, not memory.
[[nodiscard]] constexpr std::uint64_t most_compressed_bytes(std::uint64_t message_bytes) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  return message_bytes > (most - 64) / 2 ? most : 2 * message_bytes + 64;
}

/// Takes what a MessageReader finds. Each answers whether to go on reading. Bytes are valid during the call.
///
/// A sink may have more: `bool on_own_data(Opcode, core::ByteBuffer& message)`, for messages that lie in a block of
/// their own: it may move the block away, and the bytes with it; and `void inflated(std::size_t bytes)`, to hear how
/// much a compressed message made before it gets that.
template <class T>
concept MessageSink = requires(T& sink, Opcode opcode, std::span<std::byte> bytes, const ClosePayload& close) {
  { sink.on_data(opcode, bytes) } -> std::same_as<bool>;     // a whole message: text (valid UTF-8) or binary
  { sink.on_control(opcode, bytes) } -> std::same_as<bool>;  // ping or pong
  { sink.on_close_frame(close) } -> std::same_as<bool>;      // a legal one
};

/// Turns the bytes of one peer into messages (RFC 6455 §5, §6.2, §8.1), wherever the reads cut them.
///
/// A whole, unfragmented frame is unmasked where it lies and handed on without a copy. What is incomplete is kept:
/// header bytes here, payload in a block that exists only then. That block grows with what arrived, never by what was
/// announced.
///
/// A compressed message (RFC 7692) is inflated as it arrives, so that the first byte too many and the first one that is
/// not UTF-8 end it, whatever is still to come.
class MessageReader {
 public:
  struct Result {
    std::size_t consumed = 0;  // less than the input only where the sink said stop, or after a violation
    Violation violation = Violation::none;
  };

  /// `input` is unmasked in place. Must not be called again after a violation.
  template <Role role, MessageSink Sink>
  Result read(std::span<std::byte> input, const MessageRules& rules, Sink& sink);

  /// Nothing of a message or frame is kept.
  [[nodiscard]] bool between_frames() const { return partial_ == nullptr; }
  /// Of memory for a message that is not complete, and to decompress those that come.
  [[nodiscard]] std::size_t held_bytes() const {
    return (partial_ != nullptr ? partial_->message.capacity() : 0) +
           (inflater_ != nullptr ? inflater_->held_bytes() : 0);
  }

  /// \name Large payloads without a copy
  /// @{
  /// Where the next bytes of the peer may be received to directly; empty unless much of a large payload has come and
  /// much is still to come.
  [[nodiscard]] std::span<std::byte> direct_room() {
    return partial_ == nullptr ? std::span<std::byte>() : room_in_partial();
  }
  /// `size` bytes were received there.
  template <MessageSink Sink>
  Violation commit_direct(std::size_t size, const MessageRules& rules, Sink& sink);
  /// @}

 private:
  static constexpr std::size_t kDirectBytes = 32 * 1024;  // below, the common receive buffer and a copy are cheaper

  struct Partial {
    core::ByteBuffer message;       // unmasked and inflated payload of the data frames so far
    std::uint64_t wire_bytes = 0;   // payload of the message's frames up to the present one, as announced
    std::uint64_t frame_left = 0;   // payload bytes of the present frame still to come
    std::uint32_t masking_key = 0;  // rotated to the next payload byte
    std::uint32_t fragments = 0;
    core::Utf8Validator utf8;
    Opcode opcode = Opcode::continuation;  // of the present frame
    Opcode message_opcode = Opcode::text;  // of the message
    bool fin = false;                      // of the present frame
    bool message_open = false;             // a data frame has begun, and its message is not complete
    bool compressed = false;               // the message
    std::uint8_t header_bytes = 0;         // of an incomplete header in `header`
    std::uint8_t control_bytes = 0;
    std::array<std::byte, kMaxHeaderBytes> header;
    std::array<std::byte, kMaxControlBytes> control;  // payload of an incomplete control frame
  };

  struct Step {
    std::size_t consumed = 0;
    Violation violation = Violation::none;
    bool go_on = true;
  };

  template <Role role, MessageSink Sink>
  [[gnu::noinline]] Step read_any(std::span<std::byte> input, const MessageRules& rules, Sink& sink);
  [[nodiscard]] bool inside_message() const { return partial_ != nullptr && partial_->message_open; }
  void keep_header(std::span<const std::byte> bytes);
  void forget_header();
  [[nodiscard]] Violation check_size(const FrameHeader& header, const MessageRules& rules) const;
  template <Role role>
  Violation take_header(std::span<const std::byte> input, std::size_t& position, const MessageRules& rules,
                        FrameHeader& header);
  template <MessageSink Sink>
  Violation whole_frame(const FrameHeader& header, std::span<std::byte> payload, const MessageRules& rules, Sink& sink,
                        bool& go_on);
  [[nodiscard]] std::span<std::byte> room_in_partial();
  Violation begin_partial(const FrameHeader& header, const MessageRules& rules);
  Violation begin_data_frame(const FrameHeader& header, const MessageRules& rules);
  Violation add_masked(std::byte* data, std::size_t size, const MessageRules& rules);
  void advance(std::size_t size);
  [[nodiscard]] std::size_t room_earned(std::size_t arrived) const;
  Violation add_unmasked(std::span<const std::byte> payload, const MessageRules& rules);
  Violation check_text(std::span<const std::byte> added);
  Violation inflate(std::span<const std::byte> payload, Opcode opcode, const MessageRules& rules,
                    core::Utf8Validator& utf8, core::ByteBuffer& message);
  Violation end_inflating(const MessageRules& rules);
  template <MessageSink Sink>
  Violation whole_compressed(Opcode opcode, std::span<const std::byte> payload, const MessageRules& rules, Sink& sink,
                             bool& go_on);
  template <MessageSink Sink>
  Violation end_frame(const MessageRules& rules, Sink& sink, bool& go_on);
  template <MessageSink Sink>
  static void tell_inflated(std::size_t bytes, Sink& sink) {
    if constexpr (requires { sink.inflated(bytes); }) sink.inflated(bytes);
  }
  template <MessageSink Sink>
  static Violation deliver_control(Opcode opcode, std::span<std::byte> payload, Sink& sink, bool& go_on);

  std::unique_ptr<Partial> partial_;
  std::unique_ptr<Inflater> inflater_;  // inside a compressed message; with context takeover also between them
};

template <Role role, MessageSink Sink>
MessageReader::Result MessageReader::read(std::span<std::byte> input, const MessageRules& rules, Sink& sink) {
  constexpr std::size_t key_bytes = role == Role::server ? 4 : 0;
  constexpr unsigned mask_bit = role == Role::server ? 0x80 : 0;
  std::byte* const begin = input.data();
  std::byte* const end = begin + input.size();
  std::byte* at = begin;
  while (at != end) {
    // What most frames are, in few instructions: final, plain data frames that are here as a whole.
    while (between_frames()) {
      const auto left = static_cast<std::size_t>(end - at);
      std::size_t header = 2 + key_bytes;
      if (left < header) break;
      const auto opcode = static_cast<Opcode>(std::to_integer<unsigned>(at[0]) ^ 0x80);
      if (opcode != Opcode::text && opcode != Opcode::binary) break;
      std::size_t size = std::to_integer<unsigned>(at[1]) ^ mask_bit;  // 128 and more: the mask bit is wrong
      if (size >= 126) {
        header += 2;
        if (size != 126 || left < header) break;
        size = detail::load_big_endian<std::uint16_t>(at + 2);
        if (size < 126) break;
      }
      if (size > left - header || size > rules.message_bytes) break;
      std::byte* const payload = at + header;
      if constexpr (role == Role::server) {
        core::unmask(payload, size, core::load_unaligned<std::uint32_t>(payload - key_bytes));
      }
      at = payload + size;
      if (opcode == Opcode::text && !core::utf8_valid(payload, size)) [[unlikely]]
        return {static_cast<std::size_t>(at - begin), Violation::text_not_utf8};
      if (!sink.on_data(opcode, {payload, size}) || at == end) return {static_cast<std::size_t>(at - begin)};
    }
    // All others.
    const Step step = read_any<role>({at, end}, rules, sink);
    at += step.consumed;
    if (!step.go_on || step.violation != Violation::none) return {static_cast<std::size_t>(at - begin), step.violation};
  }
  return {input.size()};
}

/// The next frame of any kind, or as much of it as there is.
template <Role role, MessageSink Sink>
MessageReader::Step MessageReader::read_any(std::span<std::byte> input, const MessageRules& rules, Sink& sink) {
  Step step;
  if (partial_ != nullptr && partial_->frame_left != 0) {
    step.consumed = static_cast<std::size_t>(std::min<std::uint64_t>(partial_->frame_left, input.size()));
    step.violation = add_masked(input.data(), step.consumed, rules);
    if (step.violation == Violation::none && partial_->frame_left == 0) {
      step.violation = end_frame(rules, sink, step.go_on);
    }
    return step;
  }
  FrameHeader header;
  step.violation = take_header<role>(input, step.consumed, rules, header);
  if (step.violation != Violation::none || header.size == 0) return step;
  std::byte* const payload = input.data() + step.consumed;
  const std::size_t available = input.size() - step.consumed;
  if (header.payload_bytes <= available) {
    const auto size = static_cast<std::size_t>(header.payload_bytes);
    step.consumed += size;
    if constexpr (role == Role::server) core::unmask(payload, size, header.masking_key);
    step.violation = whole_frame(header, {payload, size}, rules, sink, step.go_on);
  } else {
    step.consumed = input.size();
    step.violation = begin_partial(header, rules);
    if (step.violation == Violation::none) step.violation = add_masked(payload, available, rules);
  }
  return step;
}

/// The next header, from the bytes kept of it and the input; `header.size` is 0 where it is still incomplete, and then
/// all of the input has been kept.
template <Role role>
Violation MessageReader::take_header(std::span<const std::byte> input, std::size_t& position, const MessageRules& rules,
                                     FrameHeader& header) {
  const std::byte* data = input.data() + position;
  std::size_t size = input.size() - position;
  const std::size_t kept = partial_ != nullptr ? partial_->header_bytes : 0;
  if (kept != 0) {
    size = kept + std::min(size, kMaxHeaderBytes - kept);
    std::memcpy(partial_->header.data() + kept, data, size - kept);
    data = partial_->header.data();
  }
  const FrameRules frame_rules{.inside_message = inside_message(), .deflate = rules.deflate != nullptr};
  if (const auto broken = parse_frame_header<role>(data, size, frame_rules, header); broken != Violation::none) {
    return broken;
  }
  if (const auto broken = check_size(header, rules); broken != Violation::none) return broken;
  if (header.size == 0) {
    keep_header({data, size});
    position = input.size();
  } else {
    position += header.size - kept;
    if (kept != 0) forget_header();
  }
  return Violation::none;
}

inline Violation MessageReader::check_size(const FrameHeader& header, const MessageRules& rules) const {
  const bool open = inside_message();
  if (is_control(header.opcode)) return Violation::none;
  if (!open && !header.compressed) {
    return header.payload_bytes <= rules.message_bytes ? Violation::none : Violation::message_too_big;
  }
  const bool compressed = open ? partial_->compressed : header.compressed;
  const std::uint64_t so_far = open ? partial_->wire_bytes : 0;
  const std::uint64_t limit = compressed ? most_compressed_bytes(rules.message_bytes) : rules.message_bytes;
  // 64 bits wide and without a sum: no announced length can wrap around the limit.
  const bool fits = header.payload_bytes <= limit && so_far <= limit - header.payload_bytes;
  return fits ? Violation::none : Violation::message_too_big;
}

template <MessageSink Sink>
Violation MessageReader::whole_frame(const FrameHeader& header, std::span<std::byte> payload, const MessageRules& rules,
                                     Sink& sink, bool& go_on) {
  if (is_control(header.opcode)) return deliver_control(header.opcode, payload, sink, go_on);
  if (header.fin && !inside_message()) {
    if (header.compressed && rules.deflate != nullptr) {  // the first implies the second, which g++ does not see
      return whole_compressed(header.opcode, payload, rules, sink, go_on);
    }
    if (header.opcode == Opcode::text && !core::utf8_valid(payload.data(), payload.size())) {
      return Violation::text_not_utf8;
    }
    go_on = sink.on_data(header.opcode, payload);
    return Violation::none;
  }
  if (const auto broken = begin_data_frame(header, rules); broken != Violation::none) return broken;
  if (const auto broken = add_unmasked(payload, rules); broken != Violation::none) return broken;
  return end_frame(rules, sink, go_on);
}

template <MessageSink Sink>
Violation MessageReader::whole_compressed(Opcode opcode, std::span<const std::byte> payload, const MessageRules& rules,
                                          Sink& sink, bool& go_on) {
  core::Utf8Validator utf8;
  core::ByteBuffer& message = rules.deflate->inflated();
  if (const auto broken = inflate(payload, opcode, rules, utf8, message); broken != Violation::none) return broken;
  if (!payload.empty()) {
    if (const auto broken = end_inflating(rules); broken != Violation::none) return broken;
  }
  if (!utf8.complete()) return Violation::text_not_utf8;
  tell_inflated(message.size(), sink);
  go_on = sink.on_data(opcode, message.bytes());
  rules.deflate->trim_inflated();
  return Violation::none;
}

template <MessageSink Sink>
Violation MessageReader::end_frame(const MessageRules& rules, Sink& sink, bool& go_on) {
  if (is_control(partial_->opcode)) {
    auto payload = partial_->control;
    const std::size_t size = partial_->control_bytes;
    const Opcode opcode = partial_->opcode;
    if (!partial_->message_open) partial_.reset();
    return deliver_control(opcode, std::span(payload).first(size), sink, go_on);
  }
  if (!partial_->fin) return Violation::none;
  if (partial_->compressed && partial_->wire_bytes != 0) {
    if (const auto broken = end_inflating(rules); broken != Violation::none) return broken;
  }
  if (partial_->message_opcode == Opcode::text && !partial_->utf8.complete()) return Violation::text_not_utf8;
  const auto done = std::move(partial_);
  if (done->compressed) tell_inflated(done->message.size(), sink);
  if constexpr (requires { sink.on_own_data(done->message_opcode, done->message); }) {
    go_on = sink.on_own_data(done->message_opcode, done->message);
  } else {
    go_on = sink.on_data(done->message_opcode, done->message.bytes());
  }
  return Violation::none;
}

template <MessageSink Sink>
Violation MessageReader::deliver_control(Opcode opcode, std::span<std::byte> payload, Sink& sink, bool& go_on) {
  if (opcode != Opcode::close) {
    go_on = sink.on_control(opcode, payload);
    return Violation::none;
  }
  const ClosePayload close = parse_close(payload);
  if (close.violation == Violation::none) go_on = sink.on_close_frame(close);
  return close.violation;
}

template <MessageSink Sink>
Violation MessageReader::commit_direct(std::size_t size, const MessageRules& rules, Sink& sink) {
  bool go_on = true;
  const auto received = partial_->message.prepare(size).first(size);
  if (partial_->masking_key != 0) core::unmask(received.data(), size, partial_->masking_key);
  partial_->message.commit(size);
  advance(size);
  if (const auto broken = check_text(received); broken != Violation::none) return broken;
  return partial_->frame_left == 0 ? end_frame(rules, sink, go_on) : Violation::none;
}

}  // namespace mote::proto
