#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote::fuzz {

/// What the kernel decides where it has a choice: a few octets, round and round, so that one more or one less elsewhere
/// in an input does not change them all.
class Choices {
 public:
  explicit Choices(std::string_view octets) : octets_(octets) {}

  /// 0, which stands for what usually happens, where there are none.
  std::uint8_t next() {
    if (octets_.empty()) return 0;
    return static_cast<std::uint8_t>(octets_[at_++ % octets_.size()]);
  }
  /// From now on the usual happens.
  void end() { octets_ = {}; }

 private:
  std::string_view octets_;
  std::size_t at_ = 0;
};

}  // namespace mote::fuzz
