#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/block_cache.h"
#include "core/byte_buffer.h"
#include "proto/violation.h"

struct z_stream_s;  // zlib.h

namespace mote::proto {

/// Decompresses the messages of one peer, or after forget() those of another (RFC 7692 §7.2.2).
class Inflater {
 public:
  /// `window_bits`: of what the peer compresses with, 8 to 15. Throws std::bad_alloc, as the other methods do.
  explicit Inflater(int window_bits);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Appends to `out` what the next piece of a message's payload makes; at most until `out` has `limit` bytes and one,
  /// whatever is still to come: then message_too_big. `out` has all that came before a violation.
  [[nodiscard]] Violation inflate(std::span<const std::byte> payload, std::uint64_t limit, core::ByteBuffer& out);
  /// The payload is complete. The message has to end in the header of an empty stored block, of which the rest was cut
  /// off (§7.2.1).
  [[nodiscard]] Violation finish();
  /// The next message does not refer to those before it.
  void forget();

  /// What it takes counts there, as that of a connection, until `count_no_more`.
  void count_in(core::BlockCache* blocks) { share_ = core::BlockCache::Share(blocks, memory_bytes_); }
  void count_no_more() { share_ = {}; }
  /// Of memory that is counted.
  [[nodiscard]] std::size_t held_bytes() const { return share_.size(); }

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };

  std::unique_ptr<z_stream_s, End> stream_;
  std::size_t memory_bytes_;
  core::BlockCache::Share share_;
};

}  // namespace mote::proto
