#include "net/liveness.h"

#include <algorithm>

namespace mote::net {
namespace {

constexpr std::uint32_t kMostUnread = 0x7FFF'FFFF;  // a socket's buffers are smaller

}  // namespace

void Liveness::output_progressed(std::int64_t now, const Transport& transport, bool blocked) {
  progress_at_ms_ = low_bits(now);
  unread_bytes_ = blocked ? transport.unacknowledged_bytes() & kMostUnread : 0;
}

bool Liveness::output_moves(std::int64_t now, const Options& options, const Transport& transport) {
  if (now < output_deadline(now, options)) return true;
  // The kernel reports room only when a third of its buffer is free; a slow reader may have taken some before.
  const std::uint32_t unread = transport.unacknowledged_bytes();
  if (unread >= unread_bytes_) return false;
  unread_bytes_ = unread & kMostUnread;
  progress_at_ms_ = low_bits(now);
  return true;
}

Liveness::Verdict Liveness::judge(std::int64_t now, State state, const Options& options, const Transport& transport) {
  if (state.output_blocked && !output_moves(now, options, transport)) return Verdict::no_progress;
  if (state.reading_paused) heard(now);
  const std::int64_t received_at = last(received_at_ms_, now);
  const std::int64_t pinged_at = last(pinged_at_ms_, now);
  if (awaits_answer_) {
    if (received_at >= pinged_at) {  // before it, there was silence
      awaits_answer_ = 0;
    } else if (now >= deadline(pinged_at, options.ping_timeout)) {
      return Verdict::no_pong;
    }
  }
  if (awaits_answer_ || now < deadline(received_at, options.ping_interval)) return Verdict::good;
  pinged_at_ms_ = low_bits(now);
  awaits_answer_ = 1;
  return Verdict::ping;
}

std::int64_t Liveness::next_look(std::int64_t now, State state, const Options& options) const {
  // An answer arms nothing: it is looked for again no later than the next ping may be due.
  std::int64_t next = deadline(awaits_answer_ ? now : last(received_at_ms_, now), options.ping_interval);
  if (awaits_answer_) next = std::min(next, deadline(last(pinged_at_ms_, now), options.ping_timeout));
  if (state.output_blocked) next = std::min(next, output_deadline(now, options));
  return next;
}

}  // namespace mote::net
