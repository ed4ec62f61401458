#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>

namespace mote::conformance {

/// Holds the masking keys of a connection's frames against RFC 6455 §5.3, as far as that can be seen: they are to be
/// fresh ones that nobody can predict.
class MaskingKeys {
 public:
  /// The four octets of the next frame's key. Throws a Failure for 0, for the key of the frame before, and for more
  /// repetitions than chance has: one in 8,000 connections with a thousand frames has one, one in 100 million has two.
  void take(std::string_view key);

 private:
  std::unordered_set<std::uint32_t> seen_;
  std::uint32_t last_ = 0;
  std::size_t repeated_ = 0;
};

}  // namespace mote::conformance
