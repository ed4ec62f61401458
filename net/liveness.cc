#include "net/liveness.h"

#include <algorithm>

namespace mote::net {

void Liveness::output_progressed(std::int64_t now, const Transport& transport, bool blocked) {
  progress_at_ms_ = now;
  unread_bytes_ = blocked ? transport.unacknowledged_bytes() : 0;
}

bool Liveness::output_moves(std::int64_t now, const Options& options, const Transport& transport) {
  if (now < output_deadline(options)) return true;
  // The kernel reports room only when a third of its buffer is free; a slow reader may have taken some before.
  const std::uint32_t unread = transport.unacknowledged_bytes();
  if (unread >= unread_bytes_) return false;
  unread_bytes_ = unread;
  progress_at_ms_ = now;
  return true;
}

Liveness::Verdict Liveness::judge(std::int64_t now, State state, const Options& options, const Transport& transport) {
  if (state.output_blocked && !output_moves(now, options, transport)) return Verdict::no_progress;
  if (state.reading_paused) received_at_ms_ = now;
  if (pinged_at_ms_ != kNoDeadline) {
    if (received_at_ms_ >= pinged_at_ms_) {  // before it, there was silence
      pinged_at_ms_ = kNoDeadline;
    } else if (now >= deadline(pinged_at_ms_, options.ping_timeout)) {
      return Verdict::no_pong;
    }
  }
  if (pinged_at_ms_ != kNoDeadline || now < deadline(received_at_ms_, options.ping_interval)) return Verdict::good;
  pinged_at_ms_ = now;
  return Verdict::ping;
}

std::int64_t Liveness::next_look(std::int64_t now, State state, const Options& options) const {
  const bool awaits_pong = pinged_at_ms_ != kNoDeadline;
  // An answer arms nothing: it is looked for again no later than the next ping may be due.
  std::int64_t next = deadline(awaits_pong ? now : received_at_ms_, options.ping_interval);
  if (awaits_pong) next = std::min(next, deadline(pinged_at_ms_, options.ping_timeout));
  if (state.output_blocked) next = std::min(next, output_deadline(options));
  return next;
}

}  // namespace mote::net
