#pragma once

#include <mote/connection.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "load/errors.h"
#include "load/histogram.h"
#include "load/options.h"
#include "load/payloads.h"
#include "load/schedule.h"

namespace mote::load {

/// The messages on all connections: what is sent next, whether what comes back is right, and how long it took.
///
/// Echoes come in the order of the messages, so that a message's number on its connection tells all about it: nothing
/// needs to be in the payload, and nothing is allocated for a message. On the client's thread.
class Traffic {
 public:
  struct Link {
    std::uint32_t index = 0;
    Connection* socket = nullptr;  // while it is open
    std::uint64_t sent = 0;
    std::uint64_t echoed = 0;
    std::uint64_t quota = 0;  // messages that it may send
    bool begun = false;
  };

  /// `complete` is called with the echo that makes Options::messages full.
  Traffic(const Options& options, Errors& errors, std::function<void()> complete);

  [[nodiscard]] Link& link(std::uint32_t index) { return links_[index]; }
  [[nodiscard]] std::span<Link> links() { return links_; }

  /// \name Flow; times are of now_ns()
  /// @{
  /// Closed loop: fills the pipeline of a connection, once.
  void begin(Link& link, std::int64_t now);
  /// Open loop: the first message is due at `now`.
  void begin_schedule(std::int64_t now);
  [[nodiscard]] const Schedule& schedule() const { return schedule_; }
  /// Open loop: sends what is due and was not sent.
  void send_due(std::int64_t now);
  /// Sends no more.
  void stop() { flowing_ = false; }
  /// A message came.
  void received(Link& link, bool text, std::span<const std::byte> payload);
  /// A connection has ended: nothing more is expected of it.
  void ended(Link& link);
  /// @}

  /// \name Measuring
  /// @{
  /// Latencies count from here: of echoes that come, or in an open loop of messages that are due, until `end_window`.
  void begin_window(std::int64_t now);
  void end_window(std::int64_t now);
  [[nodiscard]] const Histogram& latencies() const { return latencies_; }
  /// Open loop: how much later than due messages were sent.
  [[nodiscard]] const Histogram& lateness() const { return lateness_; }
  /// Echoes so far.
  [[nodiscard]] std::uint64_t echoed() const { return echoed_; }
  /// Messages sent whose echo may still come.
  [[nodiscard]] std::uint64_t under_way() const { return sent_ - echoed_ - lost_; }
  /// With Options::messages: whether all have come that still can.
  [[nodiscard]] bool complete() const { return echoed_ >= target_; }
  /// Counts the messages that have no echo, once it is not waited for any longer.
  void count_missing();
  /// @}

 private:
  [[nodiscard]] std::int64_t arrival_of(std::span<const std::byte> payload);
  void send(Link& link, std::int64_t now);
  void check(Link& link, std::uint64_t number, bool text, std::span<const std::byte> payload);
  [[nodiscard]] bool in_window(std::int64_t time) const {
    return static_cast<std::uint64_t>(time - window_begin_) < window_ns_;
  }
  [[nodiscard]] std::int64_t& sent_at(const Link& link, std::uint64_t number) {
    return sent_at_[(std::size_t{link.index} << ring_bits_) + (number & ring_mask_)];
  }
  [[nodiscard]] std::uint64_t payload_of(const Link& link, std::uint64_t number) const {
    return number + link.index;  // not all connections the same at a time
  }

  static constexpr std::int64_t kNotYet = std::numeric_limits<std::int64_t>::max();

  Errors& errors_;
  const std::function<void()> complete_;
  const Payloads payloads_;
  const std::size_t payload_bytes_;
  const std::uint32_t pipeline_;
  const bool text_;
  const bool verify_;
  const bool deflate_;
  const bool open_loop_;
  const double rate_;
  bool flowing_ = false;
  std::vector<Link> links_;
  unsigned ring_bits_ = 0;
  std::uint64_t ring_mask_ = 0;
  std::vector<std::int64_t> sent_at_;  // closed loop: a ring for each connection
  Schedule schedule_;
  std::uint64_t next_ = 0;           // open loop: the message to send next,
  std::int64_t next_due_ = kNotYet;  // and when
  std::uint64_t last_;               // the number after the last
  std::uint64_t target_;             // echoes that are to come
  std::uint64_t sent_ = 0;
  std::uint64_t echoed_ = 0;
  std::uint64_t lost_ = 0;          // sent on connections that have ended since
  std::uint64_t unsent_ = 0;        // due on connections that had ended
  std::int64_t arrival_ = 0;        // of the latest message,
  std::uintptr_t payload_end_ = 0;  // and where it lay
  std::int64_t window_begin_ = kNotYet;
  std::uint64_t window_ns_ = 0;
  Histogram latencies_;
  Histogram lateness_;
};

}  // namespace mote::load
