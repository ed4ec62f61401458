#pragma once

#include <type_traits>

namespace mote::core {

/// A few yes-or-no facts in one small integer, so that several are asked at once. `Flag`: an enumeration of single
/// bits.
template <class Flag>
class Flags {
 public:
  Flags() = default;
  explicit Flags(Flag flag) : bits_(bits_of(flag)) {}

  [[nodiscard]] bool none() const { return bits_ == 0; }
  /// Whether any of those is set.
  template <class... More>
  [[nodiscard]] bool has(Flag flag, More... or_one_of) const {
    return (bits_ & (bits_of(flag) | ... | bits_of(or_one_of))) != 0;
  }
  void set(Flag flag, bool to = true) {
    bits_ = static_cast<Bits>(to ? bits_ | bits_of(flag) : bits_ & ~bits_of(flag));
  }

 private:
  using Bits = std::underlying_type_t<Flag>;
  static constexpr Bits bits_of(Flag flag) { return static_cast<Bits>(flag); }

  Bits bits_ = 0;
};

}  // namespace mote::core
