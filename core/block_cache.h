#pragma once

#include <array>
#include <cstddef>
#include <memory>

#if defined(__SANITIZE_ADDRESS__)
#define MOTE_BLOCKS_ARE_KEPT false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MOTE_BLOCKS_ARE_KEPT false
#endif
#endif
#ifndef MOTE_BLOCKS_ARE_KEPT
#define MOTE_BLOCKS_ARE_KEPT true
#endif

namespace mote::core {

/// Large blocks of memory between two uses, for one thread. What malloc gives back to the kernel costs a page fault for
/// each 4 KiB when it is used again: for a message of 1 MiB that is more than to receive and send it.
class BlockCache {
 public:
  struct Block {
    std::unique_ptr<std::byte[]> memory;
    std::size_t size = 0;
  };

  /// Not where AddressSanitizer is to see each use of memory that was given back.
  static constexpr bool kKeeps = MOTE_BLOCKS_ARE_KEPT;
  static constexpr std::size_t kSmallestBytes = 64 * 1024;    ///< Smaller ones malloc keeps itself.
  static constexpr std::size_t kMostBytes = 4 * 1024 * 1024;  ///< Of all that are kept.
  static constexpr std::size_t kMostBlocks = 8;

  /// A block of that size, from nowhere. Throws std::bad_alloc, as `take` does.
  [[nodiscard]] static Block fresh(std::size_t size);
  /// A block of at least `size` bytes.
  [[nodiscard]] Block take(std::size_t size);
  /// Keeps it for the next one to take, or frees it.
  void give(Block block);
  /// Of all that are kept.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::array<Block, kMostBlocks> blocks_;
  std::size_t bytes_ = 0;
};

}  // namespace mote::core

#undef MOTE_BLOCKS_ARE_KEPT
