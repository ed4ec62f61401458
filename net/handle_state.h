#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include <mote/handle.h>
#include <mote/options.h>

#include "core/mailbox.h"

namespace mote::net {

class Dialer;
class Session;

/// What the handles of one connection share with it.
struct HandleState {
  HandleState(std::shared_ptr<core::Mailbox> box, const Options& options)
      : mailbox(std::move(box)),
        soft_limit_bytes(options.soft_limit_bytes),
        hard_limit_bytes(options.hard_limit_bytes),
        overflow(options.overflow) {}

  static Handle make(std::shared_ptr<HandleState> state) { return Handle(std::move(state)); }

  const std::shared_ptr<core::Mailbox> mailbox;
  /// \name Only on the reactor's thread
  /// @{
  Session* session = nullptr;  // null after the connection's end, and while a client has none
  Dialer* dialer = nullptr;    // a client's that may make another
  /// @}
  const std::size_t soft_limit_bytes;
  const std::size_t hard_limit_bytes;
  const Overflow overflow;
  std::atomic<bool> open{false};
  std::atomic<bool> overflowing{false};  // another thread has passed the hard limit, and the reactor will hear of it
  std::atomic<std::size_t> posted_bytes{0};  // what other threads sent and the reactor has not seen yet
  std::atomic<std::size_t> queued_bytes{0};  // the connection's output queue after its last turn
};

/// A connection's share in its HandleState: one pointer, since most connections have no handle.
class HandleShare {
 public:
  /// Throws std::bad_alloc.
  void hold(std::shared_ptr<HandleState> state) {
    share_ = std::make_unique<std::shared_ptr<HandleState>>(std::move(state));
  }
  void reset() { share_.reset(); }
  /// There has to be one.
  [[nodiscard]] const std::shared_ptr<HandleState>& shared() const { return *share_; }
  HandleState* operator->() const { return share_->get(); }
  bool operator==(std::nullptr_t) const { return share_ == nullptr; }

 private:
  std::unique_ptr<std::shared_ptr<HandleState>> share_;
};

}  // namespace mote::net
