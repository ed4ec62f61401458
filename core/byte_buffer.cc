#include "core/byte_buffer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace mote::core {

void ByteBuffer::append(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
  commit(bytes.size());
}

std::span<std::byte> ByteBuffer::prepare(std::size_t minimum, std::size_t wanted) {
  if (capacity_ - end_ < minimum) {
    // Moving to the front must free at least half, else a long queue with a short head would be moved again and again.
    if (begin_ >= capacity_ / 2 && capacity_ - size() >= minimum) {
      std::memmove(memory_.get(), memory_.get() + begin_, size());
    } else {
      const std::size_t room = std::max(minimum, wanted);
      constexpr std::size_t largest = std::numeric_limits<std::ptrdiff_t>::max();
      if (room > largest - size()) throw std::bad_alloc();
      const std::size_t grown = size() == 0 ? room : std::max(size() + room, size() * 2);
      BlockCache::Block block = cache_ != nullptr ? cache_->take(grown) : BlockCache::fresh(grown);
      if (size() != 0) std::memcpy(block.memory.get(), memory_.get() + begin_, size());
      std::swap(memory_, block.memory);
      std::swap(capacity_, block.size);
      if (cache_ != nullptr) cache_->give(std::move(block));
    }
    end_ -= begin_;
    begin_ = 0;
  }
  return {memory_.get() + end_, capacity_ - end_};
}

void ByteBuffer::consume(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) clear();
}

void ByteBuffer::clear() {
  if (cache_ != nullptr) cache_->give({std::move(memory_), capacity_});
  memory_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace mote::core
