#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <system_error>

namespace mote::abuse {

/// One T of lock-free atomics in memory that this process shares with those that it forks from now on.
template <class T>
class Shared {
 public:
  Shared() : place_(::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (place_ == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    value_ = new (place_) T;
  }
  ~Shared() { ::munmap(place_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  void* place_;
  T* value_ = nullptr;
};

}  // namespace mote::abuse
