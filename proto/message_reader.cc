#include "proto/message_reader.h"

namespace mote::proto {

void MessageReader::keep_header(std::span<const std::byte> bytes) {
  if (partial_ == nullptr) partial_ = std::make_unique<Partial>();
  if (partial_->header_bytes == 0) std::copy(bytes.begin(), bytes.end(), partial_->header.begin());
  partial_->header_bytes = static_cast<std::uint8_t>(bytes.size());
}

void MessageReader::forget_header() {
  partial_->header_bytes = 0;
  if (!partial_->message_open) partial_.reset();
}

Violation MessageReader::begin_data_frame(const FrameHeader& header, const MessageRules& rules) {
  if (partial_ == nullptr) partial_ = std::make_unique<Partial>();
  Partial& partial = *partial_;
  if (!partial.message_open) {
    partial.message_open = true;
    partial.message = core::ByteBuffer(rules.blocks);
    partial.message_opcode = header.opcode;
    partial.compressed = header.compressed;
  }
  partial.opcode = header.opcode;
  partial.fin = header.fin;
  partial.wire_bytes += header.payload_bytes;
  return ++partial.fragments > rules.fragments ? Violation::too_many_fragments : Violation::none;
}

/// Opens a frame of which part of the payload is still to come.
Violation MessageReader::begin_partial(const FrameHeader& header, const MessageRules& rules) {
  if (is_control(header.opcode)) {
    if (partial_ == nullptr) partial_ = std::make_unique<Partial>();
    partial_->opcode = header.opcode;
    partial_->control_bytes = 0;
  } else if (const auto broken = begin_data_frame(header, rules); broken != Violation::none) {
    return broken;
  }
  partial_->frame_left = header.payload_bytes;
  partial_->masking_key = header.masking_key;
  return Violation::none;
}

/// Takes payload of the open frame as it came from the wire.
Violation MessageReader::add_masked(std::byte* data, std::size_t size, const MessageRules& rules) {
  Partial& partial = *partial_;
  if (is_control(partial.opcode)) {
    core::unmask_copy(partial.control.data() + partial.control_bytes, data, size, partial.masking_key);
    partial.control_bytes = static_cast<std::uint8_t>(partial.control_bytes + size);
    advance(size);
    return Violation::none;
  }
  if (partial.compressed) {
    if (partial.masking_key != 0) core::unmask(data, size, partial.masking_key);
    advance(size);
    return add_unmasked({data, size}, rules);
  }
  const auto added = partial.message.prepare(size, room_earned(partial.message.size() + size)).first(size);
  core::unmask_copy(added.data(), data, size, partial.masking_key);
  partial.message.commit(size);
  advance(size);
  return check_text(added);
}

/// What has arrived earns room for seven times as much, so that a large message is moved once or twice only, and one of
/// 1 MiB mostly never: a read gives up to 256 KiB. Of what is announced beyond that nothing is believed.
std::size_t MessageReader::room_earned(std::size_t arrived) const {
  return static_cast<std::size_t>(std::min(partial_->frame_left, std::uint64_t{7} * arrived));
}

void MessageReader::advance(std::size_t size) {
  partial_->masking_key = core::rotate_key(partial_->masking_key, size);
  partial_->frame_left -= size;
}

/// Takes payload of the open data frame.
Violation MessageReader::add_unmasked(std::span<const std::byte> payload, const MessageRules& rules) {
  Partial& partial = *partial_;
  if (partial.compressed) return inflate(payload, partial.message_opcode, rules, partial.utf8, partial.message);
  partial.message.append(payload);
  return check_text(payload);
}

/// Text fails with the first byte that no valid text has there, whole or not (RFC 6455 §8.1).
Violation MessageReader::check_text(std::span<const std::byte> added) {
  if (partial_->message_opcode != Opcode::text || partial_->utf8.feed(added)) return Violation::none;
  return Violation::text_not_utf8;
}

/// Appends what a piece of a compressed message's payload makes. Whatever the pieces, the first thing that is wrong is
/// the one that is reported.
Violation MessageReader::inflate(std::span<const std::byte> payload, Opcode opcode, const MessageRules& rules,
                                 core::Utf8Validator& utf8, core::ByteBuffer& message) {
  if (payload.empty()) return Violation::none;
  if (inflater_ == nullptr) {
    inflater_ =
        rules.context_takeover ? rules.deflate->make_inflater(rules.window_bits) : rules.deflate->take_inflater();
  }
  const std::size_t before = message.size();
  const Violation broken = inflater_->inflate(payload, rules.message_bytes, message);
  const std::span<const std::byte> added = std::as_const(message).bytes().subspan(before);
  return opcode == Opcode::text && !utf8.feed(added) ? Violation::text_not_utf8 : broken;
}

/// A compressed message without payload does not come here: zlib writes none for an empty message after a flush, many
/// clients send that, and the inflater must not see what the deflater has not written.
Violation MessageReader::end_inflating(const MessageRules& rules) {
  const Violation broken = inflater_->finish();
  if (!rules.context_takeover) rules.deflate->give_back(std::move(inflater_));
  return broken;
}

std::span<std::byte> MessageReader::room_in_partial() {
  if (partial_->frame_left < kDirectBytes || is_control(partial_->opcode)) return {};
  if (partial_->compressed) return {};
  Partial& partial = *partial_;
  if (partial.message.size() < kDirectBytes) return {};  // so little has not earned a block of that size
  const auto room = partial.message.prepare(kDirectBytes, room_earned(partial.message.size()));
  return room.first(static_cast<std::size_t>(std::min<std::uint64_t>(partial.frame_left, room.size())));
}

}  // namespace mote::proto
