#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "core/block_cache.h"

namespace mote::core {

/// A queue of bytes in one block of memory: appended at the back, consumed at the front. Empty it owns nothing.
///
/// Growth throws std::bad_alloc and leaves the contents as they were.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  /// Its memory comes from that cache, which outlives it, and goes back there; null: none.
  explicit ByteBuffer(BlockCache* cache) : cache_(cache) {}
  /// The bytes stay where they are; `other` is left with nothing.
  ByteBuffer(ByteBuffer&& other) noexcept { swap(other); }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    ByteBuffer taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~ByteBuffer() { clear(); }

  /// Its memory, and what it grows to, counts there, and goes there at last. Nothing where it has a cache already.
  void join(BlockCache& cache) {
    if (cache_ != nullptr) return;
    cache_ = &cache;
    cache.adopt(capacity_);
  }

  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::span<std::byte> bytes() { return {memory_.get() + begin_, size()}; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {memory_.get() + begin_, size()}; }

  void append(std::span<const std::byte> bytes);
  /// Room behind the contents, at least `minimum` bytes; what was written there becomes contents through `commit`.
  /// Where it has to grow, it makes room for `wanted` at once.
  std::span<std::byte> prepare(std::size_t minimum, std::size_t wanted = 0);
  void commit(std::size_t written) { end_ += written; }
  /// Drops `count` bytes at the front; the last one frees the memory.
  void consume(std::size_t count);
  /// Drops the last `count` bytes and keeps the memory.
  void drop_back(std::size_t count) { end_ -= count; }
  /// Drops the contents and frees the memory.
  void clear();
  /// Drops the contents and keeps the memory, for the next use.
  void rewind() { begin_ = end_ = 0; }

 private:
  void swap(ByteBuffer& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(cache_, other.cache_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  std::unique_ptr<std::byte[]> memory_;
  BlockCache* cache_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace mote::core
