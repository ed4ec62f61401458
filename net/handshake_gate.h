#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <mote/callback.h>

#include "core/reactor.h"

namespace mote::net {

class HandshakePermit;

/// Lets a client have only so many connections in the state CONNECTING to one IP address and port, or through a proxy
/// to one host name and port; the others wait in line (RFC 6455 §4.1, the second of the requirements on a connection).
///
/// On the reactor's thread. Destroyed before the reactor; permits may live on, and then wait for ever.
class HandshakeGate {
 public:
  /// `limit`: at least 1. Throws std::bad_alloc.
  HandshakeGate(core::Reactor& reactor, std::size_t limit);
  ~HandshakeGate();
  HandshakeGate(const HandshakeGate&) = delete;
  HandshakeGate& operator=(const HandshakeGate&) = delete;

  /// A permit for `address`, such as `192.0.2.1:80`, that is held already or stands at the end of the line; then
  /// `granted` is called once it is held: by the reactor, never within a call to the gate or a permit. Waits no longer
  /// when the permit is destroyed. `granted` must not throw. Throws std::bad_alloc.
  [[nodiscard]] HandshakePermit enter(std::string_view address, Callback<void()> granted);

  /// Addresses that somebody has, or waits for, a permit for.
  [[nodiscard]] std::size_t busy_addresses() const;

 private:
  friend class HandshakePermit;
  struct Line;
  class State;
  class Waker;

  std::shared_ptr<State> state_;
};

/// A place in the line for one address and, in its turn, the permission to be CONNECTING there, until the handshake is
/// done or has failed. Whoever is next gets it when this is destroyed.
class HandshakePermit {
 public:
  /// Of a connection that needs none; not `held`.
  HandshakePermit() = default;
  HandshakePermit(HandshakePermit&& other) noexcept;
  HandshakePermit& operator=(HandshakePermit&& other) noexcept;
  ~HandshakePermit() { release(); }

  /// False while it waits.
  [[nodiscard]] bool held() const;
  /// Gives up the permission or the place in the line, if it has one.
  void release();

 private:
  friend class HandshakeGate;
  HandshakePermit(std::shared_ptr<HandshakeGate::State> state, HandshakeGate::Line& line, std::uint64_t number);

  std::shared_ptr<HandshakeGate::State> state_;
  HandshakeGate::Line* line_ = nullptr;
  std::uint64_t number_ = 0;
};

}  // namespace mote::net
