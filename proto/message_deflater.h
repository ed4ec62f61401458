#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include <mote/compression.h>

#include "proto/deflate_parameters.h"
#include "proto/deflate_pool.h"
#include "proto/frame.h"
#include "proto/prepared_message.h"

namespace mote::proto {

/// Decides which of the messages that one connection sends are compressed, and does that: on their own, with the
/// pool's deflater, or after context takeover with one of its own, which exists from the first such message on.
class MessageDeflater {
 public:
  /// The payload of a frame. The bytes are the message's own, or the pool's and valid until that is used again.
  struct Encoded {
    std::span<const std::byte> payload;
    Coding coding = Coding::plain;
  };

  /// What the handshake agreed on; none: every message is sent as it is. `role`: of this side.
  /// Throws std::bad_alloc.
  void agree(const std::optional<DeflateParameters>& parameters, Role role = Role::server) {
    agreed_ = parameters ? std::make_unique<Agreed>(*parameters, role) : nullptr;
  }
  /// Null: none.
  [[nodiscard]] const DeflateParameters* parameters() const {
    return agreed_ != nullptr ? &agreed_->parameters : nullptr;
  }

  /// Throws std::bad_alloc, perhaps in the middle of the message: forget() makes that good.
  Encoded encode(std::span<const std::byte> message, Compress compress, DeflatePool& pool);
  const PreparedFrame& choose(const PreparedFrames& message, DeflatePool& pool);
  /// What was encoded last does not reach the peer: what comes next must not refer to it.
  void forget();
  /// Nothing is encoded any more: gives back what it has to compress with.
  void finish() {
    if (agreed_ != nullptr) agreed_->own.reset();
  }
  /// Of memory that `finish` gives back.
  [[nodiscard]] std::size_t held_bytes() const {
    return agreed_ != nullptr && agreed_->own != nullptr ? agreed_->own->held_bytes() : 0;
  }

 private:
  struct Agreed {
    Agreed(const DeflateParameters& on, Role as) : parameters(on), role(as) {}
    const DeflateParameters parameters;
    const Role role;
    std::unique_ptr<Deflater> own;
  };

  [[nodiscard]] bool wanted(std::size_t message_bytes, Compress compress, const Compression& settings) const;

  std::unique_ptr<Agreed> agreed_;  // one pointer: most connections have none
};

}  // namespace mote::proto
