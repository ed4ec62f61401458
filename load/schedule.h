#pragma once

#include <cstdint>

namespace mote::load {

/// When the messages of an open loop are due: at a fixed rate, whatever the server does, on one connection after the
/// other. A latency counts from here and not from when the message could be sent: else a server that stalls would also
/// hold up the messages that would have shown it ("coordinated omission").
class Schedule {
 public:
  Schedule() = default;
  /// `rate`: messages per second of all `connections` together; `start`: when the first is due, in nanoseconds.
  Schedule(double rate, std::uint32_t connections, std::int64_t start)
      : interval_ns_(1e9 / rate), connections_(connections), start_(start) {}

  /// When message `number`, from 0 on, is due.
  [[nodiscard]] std::int64_t due(std::uint64_t number) const {
    return start_ + static_cast<std::int64_t>(static_cast<double>(number) * interval_ns_);
  }
  /// When the message `nth`, from 0 on, of one connection is due.
  [[nodiscard]] std::int64_t due(std::uint32_t connection, std::uint64_t nth) const {
    return due(nth * connections_ + connection);
  }
  /// How many messages are due by `time`.
  [[nodiscard]] std::uint64_t count_by(std::int64_t time) const;
  /// The connection of a message.
  [[nodiscard]] std::uint32_t connection(std::uint64_t number) const {
    return static_cast<std::uint32_t>(number % connections_);
  }

 private:
  double interval_ns_ = 1;
  std::uint32_t connections_ = 1;
  std::int64_t start_ = 0;
};

}  // namespace mote::load
