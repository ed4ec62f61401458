#pragma once

#include <cstddef>
#include <cstring>
#include <new>

namespace mote::bench {

// Zeroed bytes that begin on a cache line, so that a figure does not depend on where the heap put them.
class CacheLineBuffer {
 public:
  explicit CacheLineBuffer(std::size_t size)
      : data_(static_cast<std::byte*>(::operator new (size, std::align_val_t{kLineBytes}))) {
    std::memset(data_, 0, size);
  }
  ~CacheLineBuffer() { ::operator delete (data_, std::align_val_t{kLineBytes}); }
  CacheLineBuffer(const CacheLineBuffer&) = delete;
  CacheLineBuffer& operator=(const CacheLineBuffer&) = delete;

  [[nodiscard]] std::byte* data() { return data_; }

 private:
  static constexpr std::size_t kLineBytes = 64;

  std::byte* data_;
};

}  // namespace mote::bench
