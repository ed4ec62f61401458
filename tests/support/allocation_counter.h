#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::test {

/// What this thread has asked of operator new and given to operator delete, in any of their forms. Only in programs
/// that link allocation_counter.cc, which replaces the global operators.
struct Allocations {
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;  ///< All that were ever asked for: freeing does not take any off.
  std::uint64_t frees = 0;
};

[[nodiscard]] Allocations allocations() noexcept;

/// What was allocated by this thread since it was made.
class AllocationCount {
 public:
  [[nodiscard]] std::uint64_t calls() const { return allocations().calls - before_.calls; }
  [[nodiscard]] std::uint64_t bytes() const { return allocations().bytes - before_.bytes; }
  /// Blocks that are there now and were not then.
  [[nodiscard]] std::int64_t blocks() const {
    return static_cast<std::int64_t>(calls()) - static_cast<std::int64_t>(allocations().frees - before_.frees);
  }

 private:
  Allocations before_ = allocations();
};

/// While it lives, this thread can have no block above `bytes`: for what happens where memory cannot be had.
class AllocationLimit {
 public:
  explicit AllocationLimit(std::size_t bytes) noexcept;
  ~AllocationLimit();
  AllocationLimit(const AllocationLimit&) = delete;
  AllocationLimit& operator=(const AllocationLimit&) = delete;

  /// False where a sanitizer does not let the operators be replaced.
  [[nodiscard]] static bool works() noexcept;
};

/// Blocks of all threads that are there now. 0 throughout where a sanitizer does not let the operators be replaced.
[[nodiscard]] std::int64_t live_blocks() noexcept;

/// Is asked before each allocation, by any thread; where it answers true there is no memory. Null: nobody is asked.
using AllocationVeto = bool (*)() noexcept;
void set_allocation_veto(AllocationVeto veto) noexcept;

}  // namespace mote::test
