#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <mote/compression.h>

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

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };

  std::unique_ptr<z_stream_s, End> stream_;
};

}  // namespace mote::proto
