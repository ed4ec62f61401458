#pragma once

#include <sys/socket.h>

#include <optional>

#include "core/reactor.h"
#include "net/handshake_gate.h"
#include "net/socket.h"

namespace mote::net {

class ConnectAttempt;

/// Is told how attempts end.
class AttemptOwner {
 public:
  /// From the reactor, once, never within a call to the attempt. `error`: an errno, 0: it is connected.
  virtual void attempt_ended(ConnectAttempt& attempt, int error) = 0;

 protected:
  ~AttemptOwner() = default;
};

/// How sockets are made.
struct SocketChoices {
  std::optional<sockaddr_storage> bind;  // with port 0
  bool tcp_no_delay = true;
};

/// One connect(2) to one address. The reactor owns it; its owner outlives it, or stops it.
class ConnectAttempt final : public core::Source {
 public:
  ConnectAttempt(core::Reactor& reactor, AttemptOwner& owner, const sockaddr_storage& address,
                 const SocketChoices& choices);

  /// Right after it was added to the reactor. With a gate it waits for the permit of its address first. Throws
  /// std::bad_alloc.
  void start(HandshakeGate* gate);
  /// Closes what it has, and removes it from the reactor.
  void stop();

  [[nodiscard]] const sockaddr_storage& address() const { return address_; }
  /// Whether it has got beyond the gate.
  [[nodiscard]] bool connecting() const { return socket_.valid(); }
  /// \name Of one that is connected: out of the reactor, and its own to give away
  /// @{
  [[nodiscard]] Descriptor take_socket();
  [[nodiscard]] HandshakePermit take_permit() { return std::move(permit_); }
  /// @}

 private:
  void on_events(std::uint32_t events) override;
  void on_ready() override;
  void on_timer() override;

  void connect();
  [[nodiscard]] int make_socket();
  void call_connect();
  [[nodiscard]] bool connected_to_itself() const;
  void end(int error);

  core::Reactor& reactor_;
  AttemptOwner& owner_;
  sockaddr_storage address_;
  const SocketChoices& choices_;
  HandshakePermit permit_;
  Descriptor socket_;
  std::optional<int> error_;  // how it ended
};

}  // namespace mote::net
