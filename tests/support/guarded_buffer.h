#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <system_error>

namespace mote::test {

// Bytes with a page on either side that nothing may touch: reading or writing one byte too far ends the test at once,
// in vector code and without a sanitizer too. To see it, place the data against end() or begin().
class GuardedBuffer {
 public:
  // At least `capacity` bytes, rounded up to whole pages; all zero.
  explicit GuardedBuffer(std::size_t capacity)
      : page_bytes_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
        size_((capacity + page_bytes_ - 1) / page_bytes_ * page_bytes_) {
    void* const mapped = ::mmap(nullptr, mapped_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    mapped_ = static_cast<std::byte*>(mapped);
    if (::mprotect(begin(), size_, PROT_READ | PROT_WRITE) != 0) {
      const int error = errno;
      ::munmap(mapped_, mapped_bytes());
      throw std::system_error(error, std::generic_category(), "mprotect");
    }
  }

  ~GuardedBuffer() { ::munmap(mapped_, mapped_bytes()); }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::byte* begin() const { return mapped_ + page_bytes_; }
  [[nodiscard]] std::byte* end() const { return begin() + size_; }
  [[nodiscard]] std::span<std::byte> first(std::size_t count) const { return {begin(), count}; }
  [[nodiscard]] std::span<std::byte> last(std::size_t count) const { return {end() - count, count}; }

 private:
  [[nodiscard]] std::size_t mapped_bytes() const { return size_ + 2 * page_bytes_; }

  std::size_t page_bytes_;
  std::size_t size_;
  std::byte* mapped_ = nullptr;
};

}  // namespace mote::test
