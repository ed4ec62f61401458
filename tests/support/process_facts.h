#pragma once

#include <dirent.h>
#include <malloc.h>

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MOTE_TEST_SANITIZED_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MOTE_TEST_SANITIZED_HEAP 1
#endif
#endif

#ifdef MOTE_TEST_SANITIZED_HEAP
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace mote::test {

/// Bytes of the heap that are in use now, in all threads.
inline long allocated_bytes() {
#ifdef MOTE_TEST_SANITIZED_HEAP
  return static_cast<long>(__sanitizer_get_current_allocated_bytes());
#else
  const auto heap = ::mallinfo2();
  return static_cast<long>(heap.uordblks + heap.hblkhd);
#endif
}

/// How many descriptors this process has open.
inline int open_descriptors() {
  int count = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (folder != nullptr && ::readdir(folder) != nullptr) ++count;
  if (folder != nullptr) ::closedir(folder);
  return count;
}

}  // namespace mote::test
