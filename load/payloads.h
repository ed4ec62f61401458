#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mote/prepared_message.h>

#include "load/options.h"

namespace mote::load {

/// The messages to send, made once: a set, larger than a CPU's nearest caches where messages are small, that is sent
/// round and round.
class Payloads {
 public:
  /// Of Options: size, kind, fill, seed; with `deflate` they are compressed once, too.
  explicit Payloads(const Options& options);

  /// Message `number`, modulo the set's size.
  [[nodiscard]] std::string_view text(std::uint64_t number) const {
    return {all_.data() + place(number) * size_, size_};
  }
  [[nodiscard]] std::span<const std::byte> bytes(std::uint64_t number) const {
    return std::as_bytes(std::span(text(number)));
  }
  /// Only with `deflate`.
  [[nodiscard]] const PreparedMessage& prepared(std::uint64_t number) const { return prepared_[place(number)]; }
  [[nodiscard]] bool equals(std::uint64_t number, std::span<const std::byte> echo) const {
    return echo.size() == size_ && (size_ == 0 || std::memcmp(echo.data(), text(number).data(), size_) == 0);
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  [[nodiscard]] std::size_t place(std::uint64_t number) const { return number & (count_ - 1); }

  std::size_t size_;
  std::size_t count_;  // a power of two
  std::string all_;
  std::vector<PreparedMessage> prepared_;
};

}  // namespace mote::load
