#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include <mote/handle.h>
#include <mote/options.h>

#include "core/mailbox.h"

namespace mote::net {

class Session;

/// What the handles of one connection share with it.
struct HandleState {
  HandleState(std::shared_ptr<core::Mailbox> box, Session& owner, const Options& options)
      : mailbox(std::move(box)),
        session(&owner),
        soft_limit_bytes(options.soft_limit_bytes),
        hard_limit_bytes(options.hard_limit_bytes),
        overflow(options.overflow) {}

  static Handle make(std::shared_ptr<HandleState> state) { return Handle(std::move(state)); }

  const std::shared_ptr<core::Mailbox> mailbox;
  Session* session;  // only on the reactor's thread; null after the connection's end
  const std::size_t soft_limit_bytes;
  const std::size_t hard_limit_bytes;
  const Overflow overflow;
  std::atomic<bool> open{true};
  std::atomic<std::size_t> posted_bytes{0};  // payload that other threads sent and the reactor has not seen yet
  std::atomic<std::size_t> queued_bytes{0};  // the connection's output queue after its last turn
};

}  // namespace mote::net
