#pragma once

#include <cstdint>
#include <limits>

#include <mote/options.h>

#include "net/transport.h"

namespace mote::net {

inline constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

inline std::int64_t deadline(std::int64_t from_ms, Options::milliseconds limit) {
  return limit == Options::kNever ? kNoDeadline : from_ms + limit.count();
}

/// Whether a peer still is there, and reads: remembers when it showed that, and says what is due. Times are those of
/// the reactor, in milliseconds; a limit of 49 days (2^32 ms) and more never passes. Nothing is re-armed with a
/// message: whoever looks is told when to look again.
class Liveness {
 public:
  enum class Verdict {
    good,
    ping,         ///< It was silent for so long that it is to be asked. That is noted as done.
    no_pong,      ///< It was asked, and has not answered in time.
    no_progress,  ///< It has read nothing for too long.
  };
  /// What the connection is doing.
  struct State {
    bool output_blocked;  ///< Output waits for the peer to read.
    bool reading_paused;  ///< We do not read: silence says nothing about the peer.
  };

  void heard(std::int64_t now) { received_at_ms_ = low_bits(now); }
  /// The kernel has taken output, or begun to refuse it.
  void output_progressed(std::int64_t now, const Transport& transport, bool blocked);

  Verdict judge(std::int64_t now, State state, const Options& options, const Transport& transport);
  /// After Verdict::good or ping: when to judge again; kNoDeadline: never.
  [[nodiscard]] std::int64_t next_look(std::int64_t now, State state, const Options& options) const;

  /// Output waits: whether the peer has read some of it within the write timeout.
  bool output_moves(std::int64_t now, const Options& options, const Transport& transport);
  /// Output waits: when it has to have moved.
  [[nodiscard]] std::int64_t output_deadline(std::int64_t now, const Options& options) const {
    return deadline(last(progress_at_ms_, now), options.write_timeout);
  }

 private:
  // Every connection has these: times are kept as their low 32 bits, which name one moment of the last 49 days.
  static std::uint32_t low_bits(std::int64_t time) { return static_cast<std::uint32_t>(time); }
  static std::int64_t last(std::uint32_t low, std::int64_t now) { return now - (low_bits(now) - low); }

  std::uint32_t received_at_ms_ = 0;
  std::uint32_t pinged_at_ms_ = 0;
  std::uint32_t progress_at_ms_ = 0;
  std::uint32_t unread_bytes_ : 31 = 0;  // at that time, of what the kernel had taken
  std::uint32_t awaits_answer_ : 1 = 0;  // to that ping
};

}  // namespace mote::net
