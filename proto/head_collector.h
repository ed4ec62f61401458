#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "core/byte_buffer.h"
#include "proto/field_section.h"

namespace mote::proto {

/// Brings a message's head together, whatever the reads cut it into: RequestHead or ResponseHead, with their limits.
template <class Head, class Limits>
class HeadCollector {
 public:
  HeadCollector() = default;
  /// What is kept of a head counts there.
  explicit HeadCollector(core::BlockCache& blocks) : kept_(&blocks) {}

  struct Step {
    HeadProgress progress = HeadProgress::incomplete;
    std::size_t consumed = 0;  // of the input; refused: all of it
  };

  /// `input`, not empty: what came behind that of the last call. After `complete` or `refused` head() is to be looked
  /// at, and then begin_next() to be called.
  Step feed(std::span<const std::byte> input, const Limits& limits) {
    const std::size_t kept = kept_.size();
    std::span<const std::byte> bytes = input;
    if (kept != 0) {
      // One byte beyond the limit is enough for the parser to say so.
      const std::size_t wanted = limits.head_bytes + 1 - std::min(kept, limits.head_bytes);
      kept_.append(input.first(std::min(input.size(), wanted)));
      bytes = kept_.bytes();
    }
    const auto progress = head_.parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, limits);
    switch (progress) {
      case HeadProgress::incomplete:
        if (kept == 0) kept_.append(input);
        return {progress, bytes.size() - kept};
      case HeadProgress::complete:
        return {progress, head_.size() - kept};
      case HeadProgress::refused:
        break;
    }
    return {progress, input.size()};
  }

  /// Its views are into the input of the last feed(), or into what is kept of the head.
  [[nodiscard]] const Head& head() const { return head_; }
  void begin_next() {
    head_ = {};
    kept_.clear();
  }
  /// Whether a part of a head has come.
  [[nodiscard]] bool inside_head() const { return !kept_.empty(); }
  [[nodiscard]] std::size_t held_bytes() const { return kept_.capacity(); }

 private:
  Head head_;
  core::ByteBuffer kept_;  // of an incomplete head
};

}  // namespace mote::proto
