#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>

#include "tests/support/feed.h"

namespace mote::fuzz {

/// Ends the process where it does not hold, and says where that was asked.
inline void check(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d does not hold\n", file, line);
  std::abort();
}

inline void check_inside(std::string_view part, std::string_view whole) {
  check(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// What a fuzzer wrote, taken apart from its front.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  /// 0 at the end.
  std::uint8_t octet() {
    const std::string_view one = take(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
  }
  /// That many, or those that are left.
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view take_rest() { return std::exchange(rest_, {}); }
  /// Up to seven octets, as many as the next one says: each is the size of a read, less one.
  std::string_view take_cuts() { return take(octet() % 8U); }

 private:
  std::string_view rest_;
};

/// Reads of those sizes in turn, round and round; none: all at once.
inline test::Feeding feeding_of(std::string_view cuts, std::size_t size) {
  test::Feeding feeding;
  for (std::size_t i = 0, arrived = 0; arrived < size; ++i) {
    const std::size_t read = cuts.empty() ? size : std::size_t{static_cast<std::uint8_t>(cuts[i % cuts.size()])} + 1;
    arrived = std::min(arrived + read, size);
    feeding.push_back(arrived);
  }
  return feeding;
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace mote::fuzz
