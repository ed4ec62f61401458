#pragma once

namespace mote {

/// What became of a message that was handed to `send`.
enum class SendStatus {
  sent,     ///< Accepted: the kernel, or this turn's output batch, has it.
  queued,   ///< Accepted, but the output queue is above Options::soft_limit_bytes: slow down, `on_drain` will come.
  dropped,  ///< Not accepted: it would pass Options::hard_limit_bytes. Options::overflow says what happens next.
  closed,   ///< Not accepted: the connection is closing or closed (RFC 6455 §6.1).
};

}  // namespace mote
