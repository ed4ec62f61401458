#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include <mote/callback.h>

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

/// Memory that comes in blocks, for one thread: counts what is out, and keeps large blocks between two uses. What
/// malloc gives back to the kernel costs a page fault for each 4 KiB when it is used again: for a message of 1 MiB that
/// is more than to receive and send it.
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

  /// Memory from elsewhere that counts for as long as this lives, and is not given here.
  class Share {
   public:
    Share() = default;
    /// None: it counts nowhere.
    Share(BlockCache* cache, std::size_t size) : cache_(cache), size_(cache != nullptr ? size : 0) {
      if (cache != nullptr) cache->count(size);
    }
    Share(Share&& other) noexcept : cache_(other.cache_), size_(std::exchange(other.size_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(cache_, other.cache_);
      std::swap(size_, other.size_);
      return *this;
    }
    ~Share() {
      if (size_ != 0) cache_->discount(size_);
    }
    [[nodiscard]] std::size_t size() const { return size_; }

   private:
    BlockCache* cache_ = nullptr;
    std::size_t size_ = 0;
  };

  /// A block of that size, from nowhere. Throws std::bad_alloc, as `take` does.
  [[nodiscard]] static Block fresh(std::size_t size);
  /// A block of at least `size` bytes.
  [[nodiscard]] Block take(std::size_t size);
  /// Back from where it was taken or adopted: keeps it for the next one to take, or frees it.
  void give(Block block);
  /// Of all that are kept.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// A block of that size from elsewhere counts from now on, and will be given here.
  void adopt(std::size_t size) { count(size); }
  /// Of all that were taken or adopted and not yet given back, and of all shares. Any thread.
  [[nodiscard]] std::size_t lent_bytes() const { return lent_.load(std::memory_order_relaxed); }
  /// `above` is called whenever a block is taken or adopted, or a share is made, and more than `most` bytes are out; it
  /// must not throw.
  void watch(std::size_t most, Callback<void()> above);
  void unwatch() { watch(std::numeric_limits<std::size_t>::max(), nullptr); }

 private:
  void count(std::size_t size) {
    const std::size_t lent = lent_bytes() + size;
    lent_.store(lent, std::memory_order_relaxed);  // one thread writes
    if (lent > most_lent_) [[unlikely]]
      above_();
  }
  void discount(std::size_t size) { lent_.store(lent_bytes() - size, std::memory_order_relaxed); }
  Block find(std::size_t size);

  std::array<Block, kMostBlocks> blocks_;
  std::size_t bytes_ = 0;
  std::atomic<std::size_t> lent_{0};
  std::size_t most_lent_ = std::numeric_limits<std::size_t>::max();
  Callback<void()> above_;
};

}  // namespace mote::core

#undef MOTE_BLOCKS_ARE_KEPT
