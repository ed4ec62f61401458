#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <mote/compression.h>

#include "core/block_cache.h"
#include "core/byte_buffer.h"

struct z_stream_s;  // zlib.h

namespace mote::proto {

/// Compresses messages for one peer, or after forget() for another (RFC 7692 §7.2.1).
class Deflater {
 public:
  /// `window_bits`: 8 to 15, what the peer decompresses with. Throws std::bad_alloc, as compress() does.
  Deflater(int window_bits, const Compression& settings);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// Appends the payload of a compressed message to `out`; it may refer to the messages before it.
  void compress(std::span<const std::byte> message, core::ByteBuffer& out);
  /// The next message does not refer to those before it.
  void forget();

  /// What it takes counts there, as that of a connection.
  void count_in(core::BlockCache* blocks) { share_ = core::BlockCache::Share(blocks, memory_bytes_); }
  /// Of memory that is counted.
  [[nodiscard]] std::size_t held_bytes() const { return share_.size(); }

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };

  std::unique_ptr<z_stream_s, End> stream_;
  std::size_t memory_bytes_ = 0;
  core::BlockCache::Share share_;
};

}  // namespace mote::proto
