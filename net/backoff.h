#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <mote/client_options.h>

namespace mote::net {

/// When a client tries again after a connection that failed or ended: the delays of Reconnect (RFC 6455 §7.2.3).
class Backoff {
 public:
  using milliseconds = std::chrono::milliseconds;

  explicit Backoff(const Reconnect& reconnect) : reconnect_(reconnect) {}

  /// Another attempt failed or ended: how long to wait before the next one, or nothing where the attempts are used up.
  /// Throws what core::fill_random does.
  [[nodiscard]] std::optional<milliseconds> next();
  /// A connection opened: attempts and delays begin anew.
  void reset() { failures_ = 0; }

  /// The delay after that many failures in a row, at least 1. `random`, from 0 up to but not including 1, is which part
  /// of the jitter it is shortened by.
  static milliseconds delay(const Reconnect& reconnect, std::uint32_t failures, double random);

 private:
  Reconnect reconnect_;
  std::uint32_t failures_ = 0;
};

}  // namespace mote::net
