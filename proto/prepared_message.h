#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <mote/prepared_message.h>

#include "proto/deflate_pool.h"
#include "proto/frame.h"

namespace mote::proto {

/// A whole frame of a server: the header and, behind it, the payload. A client sends that payload, masked, behind a
/// header of its own for opcode() and coding().
class PreparedFrame {
 public:
  PreparedFrame(Opcode opcode, Coding coding, std::span<const std::byte> payload);

  [[nodiscard]] std::span<const std::byte> header() const { return std::span(bytes_).first(header_bytes_); }
  [[nodiscard]] std::span<const std::byte> payload() const { return std::span(bytes_).subspan(header_bytes_); }
  [[nodiscard]] Opcode opcode() const { return static_cast<Opcode>(first_byte() & 0x0F); }
  [[nodiscard]] Coding coding() const { return static_cast<Coding>(first_byte() & 0x40); }

 private:
  [[nodiscard]] unsigned first_byte() const { return std::to_integer<unsigned>(bytes_.front()); }

  std::size_t header_bytes_;
  std::vector<std::byte> bytes_;
};

/// What the copies of a PreparedMessage share. Any thread.
class PreparedFrames {
 public:
  PreparedFrames(Opcode opcode, std::span<const std::byte> payload, Compress compress)
      : opcode_(opcode), compress_(compress), plain_(opcode, Coding::plain, payload) {}

  static const PreparedFrames& of(const PreparedMessage& message) { return *message.frames_; }

  [[nodiscard]] Compress compress() const { return compress_; }
  [[nodiscard]] const PreparedFrame& plain() const { return plain_; }
  /// Null where it would not be smaller. Throws std::bad_alloc.
  [[nodiscard]] const PreparedFrame* deflated(DeflatePool& pool, int window_bits) const;

 private:
  struct Deflated {
    std::once_flag made;
    std::unique_ptr<const PreparedFrame> frame;
  };

  Opcode opcode_;
  Compress compress_;
  PreparedFrame plain_;
  mutable std::array<Deflated, kMaxWindowBits - kMinWindowBits + 1> deflated_;
};

}  // namespace mote::proto
