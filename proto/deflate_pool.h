#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <mote/compression.h>

#include "core/block_cache.h"
#include "core/byte_buffer.h"
#include "proto/deflate_parameters.h"
#include "proto/deflater.h"
#include "proto/fast_deflater.h"
#include "proto/inflater.h"

namespace mote::proto {

/// What all connections of one reactor compress and decompress with while they have no context of their own.
class DeflatePool {
 public:
  /// Both must outlive it, and what it gives out. `blocks`: where that counts while a connection has it; none: nowhere.
  explicit DeflatePool(const Compression& settings, core::BlockCache* blocks = nullptr)
      : settings_(settings), blocks_(blocks) {}

  /// An inflater that has forgotten everything and takes every window; for one message.
  std::unique_ptr<Inflater> take_inflater();
  void give_back(std::unique_ptr<Inflater> inflater);
  /// One that a connection keeps, as the deflater below.
  [[nodiscard]] std::unique_ptr<Inflater> make_inflater(int window_bits) const;

  /// Where a message that has come whole is decompressed to: empty, and used again for the next.
  core::ByteBuffer& inflated() {
    inflated_.rewind();
    return inflated_;
  }
  /// That message has been used: frees the buffer where it is unusually large.
  void trim_inflated() { trim(inflated_); }

  /// Compresses a message on its own. Valid until the next call of either, or of trim_deflated().
  std::span<const std::byte> compress(std::span<const std::byte> message, int window_bits);
  /// The same in the context of one connection.
  std::span<const std::byte> compress(std::span<const std::byte> message, Deflater& deflater);
  [[nodiscard]] std::unique_ptr<Deflater> make_deflater(int window_bits) const;

  /// What compress() answered last has been used: frees the buffer where it is unusually large. Apart from the other,
  /// since what was decompressed is still in its callback's hands while that sends.
  void trim_deflated() { trim(deflated_); }

  [[nodiscard]] const Compression& settings() const { return settings_; }

 private:
  static constexpr std::size_t kSpareInflaters = 4;
  static constexpr std::size_t kKeptBytes = 256 * 1024;  // of each buffer, between messages

  static void trim(core::ByteBuffer& buffer) {
    if (buffer.capacity() > kKeptBytes) buffer.clear();
  }

  const Compression& settings_;
  core::BlockCache* const blocks_;
  std::vector<std::unique_ptr<Inflater>> inflaters_;
  std::array<std::unique_ptr<Deflater>, kMaxWindowBits - kMinWindowBits + 1> deflaters_;  // one for each window
  std::unique_ptr<FastDeflater> fast_;
  core::ByteBuffer inflated_;
  core::ByteBuffer deflated_;
};

}  // namespace mote::proto
