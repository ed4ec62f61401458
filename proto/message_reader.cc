#include "proto/message_reader.h"

namespace mote::proto {

Violation MessageReader::begin_data_frame(const FrameHeader& header, const MessageLimits& limits) {
  if (partial_ == nullptr) partial_ = std::make_unique<Partial>();
  Partial& partial = *partial_;
  if (!partial.message_open) {
    partial.message_open = true;
    partial.message_opcode = header.opcode;
  }
  partial.opcode = header.opcode;
  partial.fin = header.fin;
  return ++partial.fragments > limits.fragments ? Violation::too_many_fragments : Violation::none;
}

/// Opens a frame of which part of the payload is still to come.
Violation MessageReader::begin_partial(const FrameHeader& header, const MessageLimits& limits) {
  if (is_control(header.opcode)) {
    if (partial_ == nullptr) partial_ = std::make_unique<Partial>();
    partial_->opcode = header.opcode;
    partial_->control_bytes = 0;
  } else if (const auto broken = begin_data_frame(header, limits); broken != Violation::none) {
    return broken;
  }
  partial_->frame_left = header.payload_bytes;
  partial_->masking_key = header.masking_key;
  return Violation::none;
}

/// Takes payload of the open frame as it came from the wire.
Violation MessageReader::add_masked(const std::byte* data, std::size_t size) {
  Partial& partial = *partial_;
  if (is_control(partial.opcode)) {
    core::unmask_copy(partial.control.data() + partial.control_bytes, data, size, partial.masking_key);
    partial.control_bytes = static_cast<std::uint8_t>(partial.control_bytes + size);
    advance(size);
    return Violation::none;
  }
  // What has arrived earns room for three times as much again, so that a large message is moved once or twice only.
  const auto ahead = std::min<std::uint64_t>(partial.frame_left, std::uint64_t{4} * (partial.message.size() + size));
  const auto added = partial.message.prepare(size, static_cast<std::size_t>(ahead)).first(size);
  core::unmask_copy(added.data(), data, size, partial.masking_key);
  partial.message.commit(size);
  advance(size);
  return check_text(added);
}

void MessageReader::advance(std::size_t size) {
  partial_->masking_key = core::rotate_key(partial_->masking_key, size);
  partial_->frame_left -= size;
}

/// Text fails with the first byte that no valid text has there, whole or not (RFC 6455 §8.1).
Violation MessageReader::check_text(std::span<const std::byte> added) {
  if (partial_->message_opcode != Opcode::text || partial_->utf8.feed(added)) return Violation::none;
  return Violation::text_not_utf8;
}

std::span<std::byte> MessageReader::direct_room() {
  if (partial_ == nullptr || partial_->frame_left < kDirectBytes || is_control(partial_->opcode)) return {};
  Partial& partial = *partial_;
  if (partial.message.size() < kDirectBytes) return {};  // so little has not earned a block of that size
  const auto ahead = std::min<std::uint64_t>(partial.frame_left, std::uint64_t{4} * partial.message.size());
  const auto room = partial.message.prepare(kDirectBytes, static_cast<std::size_t>(ahead));
  return room.first(static_cast<std::size_t>(std::min<std::uint64_t>(partial.frame_left, room.size())));
}

}  // namespace mote::proto
