#include "tests/support/allocation_counter.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

// The run-time library of clang's ThreadSanitizer cannot have its operators replaced; it has hooks instead, which see
// the C functions as well.
#if defined(__clang__) && defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MOTE_COUNT_BY_HOOKS
#endif
#endif

namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

thread_local mote::test::Allocations counted;
thread_local std::size_t largest_block = kNoLimit;
std::atomic<std::int64_t> live{0};
std::atomic<mote::test::AllocationVeto> veto_of_all{nullptr};

}  // namespace

namespace mote::test {

Allocations allocations() noexcept { return counted; }

AllocationLimit::AllocationLimit(std::size_t bytes) noexcept { largest_block = bytes; }
AllocationLimit::~AllocationLimit() { largest_block = kNoLimit; }

std::int64_t live_blocks() noexcept { return live.load(std::memory_order_relaxed); }
void set_allocation_veto(AllocationVeto veto) noexcept { veto_of_all.store(veto, std::memory_order_relaxed); }

bool AllocationLimit::works() noexcept {
#ifdef MOTE_COUNT_BY_HOOKS
  return false;
#else
  return true;
#endif
}

}  // namespace mote::test

#ifdef MOTE_COUNT_BY_HOOKS

extern "C" __attribute__((no_sanitize("thread"))) void __sanitizer_malloc_hook(const volatile void*, std::size_t size) {
  ++counted.calls;
  counted.bytes += size;
}

extern "C" __attribute__((no_sanitize("thread"))) void __sanitizer_free_hook(const volatile void* memory) {
  if (memory != nullptr) ++counted.frees;
}

#else

namespace {

/// Whether there is to be no such block.
bool refused(std::size_t size) noexcept {
  ++counted.calls;
  counted.bytes += size;
  if (size > largest_block) return true;
  const auto veto = veto_of_all.load(std::memory_order_relaxed);
  return veto != nullptr && veto();
}

void* noted(void* memory) noexcept {
  if (memory != nullptr) live.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

void* allocate(std::size_t size) noexcept {
  if (refused(size)) return nullptr;
  return noted(std::malloc(size != 0 ? size : 1));  // NOLINT(cppcoreguidelines-no-malloc): below operator new
}

void* allocate_aligned(std::size_t size, std::align_val_t alignment) noexcept {
  if (refused(size)) return nullptr;
  const auto unit = static_cast<std::size_t>(alignment);
  return noted(std::aligned_alloc(unit, (size / unit + 1) * unit));
}

void release(void* memory) noexcept {
  if (memory != nullptr) {
    ++counted.frees;
    live.fetch_sub(1, std::memory_order_relaxed);
  }
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}

void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// All forms are replaced: a sanitizer brings its own for those that are left, and complains where they are mixed.
void* operator new(std::size_t size) { return or_throw(allocate(size)); }
void* operator new[](std::size_t size) { return or_throw(allocate(size)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t unit) { return or_throw(allocate_aligned(size, unit)); }
void* operator new[](std::size_t size, std::align_val_t unit) { return or_throw(allocate_aligned(size, unit)); }
void* operator new(std::size_t size, std::align_val_t unit, const std::nothrow_t&) noexcept {
  return allocate_aligned(size, unit);
}
void* operator new[](std::size_t size, std::align_val_t unit, const std::nothrow_t&) noexcept {
  return allocate_aligned(size, unit);
}

void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept { release(memory); }

#endif
