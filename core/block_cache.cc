#include "core/block_cache.h"

#include <utility>

namespace mote::core {

BlockCache::Block BlockCache::fresh(std::size_t size) {
  Block block;
  block.memory = std::make_unique_for_overwrite<std::byte[]>(size);
  block.size = size;
  return block;
}

void BlockCache::watch(std::size_t most, Callback<void()> above) {
  most_lent_ = most;
  above_ = std::move(above);
}

BlockCache::Block BlockCache::take(std::size_t size) {
  Block block = find(size);
  count(block.size);
  return block;
}

BlockCache::Block BlockCache::find(std::size_t size) {
  if (size < kSmallestBytes / 2) return fresh(size);
  Block* best = nullptr;
  for (Block& block : blocks_) {
    const bool fits = block.size >= size && block.size / 2 <= size;  // else too much of it would lie idle
    if (fits && (best == nullptr || block.size < best->size)) best = &block;
  }
  if (best == nullptr) return fresh(size);
  bytes_ -= best->size;
  return {std::move(best->memory), std::exchange(best->size, 0)};
}

void BlockCache::give(Block block) {
  discount(block.size);
  if (!kKeeps || block.size < kSmallestBytes || block.size > kMostBytes - bytes_) return;
  for (Block& place : blocks_) {
    if (place.size != 0) continue;
    bytes_ += block.size;
    place = std::move(block);
    return;
  }
}

}  // namespace mote::core
