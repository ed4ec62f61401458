#include <mote/prepared_message.h>

#include <algorithm>

#include "proto/prepared_message.h"

namespace mote {

PreparedMessage::PreparedMessage(std::string_view text, Compress compress)
    : frames_(std::make_shared<proto::PreparedFrames>(proto::Opcode::text, std::as_bytes(std::span(text)), compress)) {}

PreparedMessage::PreparedMessage(std::span<const std::byte> bytes, Compress compress)
    : frames_(std::make_shared<proto::PreparedFrames>(proto::Opcode::binary, bytes, compress)) {}

std::size_t PreparedMessage::size() const { return frames_->plain().payload().size(); }

namespace proto {

PreparedFrame::PreparedFrame(Opcode opcode, Coding coding, std::span<const std::byte> payload) {
  std::array<std::byte, kMaxHeaderBytes> header;
  header_bytes_ = write_frame_header(header.data(), opcode, payload.size(), coding);
  bytes_.reserve(header_bytes_ + payload.size());
  bytes_.assign(header.data(), header.data() + header_bytes_);
  bytes_.insert(bytes_.end(), payload.begin(), payload.end());
}

const PreparedFrame* PreparedFrames::deflated(DeflatePool& pool, int window_bits) const {
  Deflated& variant = deflated_[static_cast<std::size_t>(window_bits - kMinWindowBits)];
  std::call_once(variant.made, [&] {
    const auto payload = pool.compress(plain_.payload(), window_bits);
    if (payload.size() < plain_.payload().size()) {
      variant.frame = std::make_unique<PreparedFrame>(opcode_, Coding::deflated, payload);
    }
    pool.trim_deflated();
  });
  return variant.frame.get();
}

}  // namespace proto
}  // namespace mote
