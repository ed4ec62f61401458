#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <mote/callback.h>

#include "core/reactor.h"
#include "net/handshake_gate.h"
#include "net/resolver.h"
#include "net/socket.h"
#include "proto/proxy_dialogue.h"

namespace mote::net {

/// Where a client's connection is to go, and how.
struct ConnectPlan {
  /// The way over a proxy: `host` and `port` are the proxy's.
  struct Proxy {
    std::string host;
    std::uint16_t port = 0;
    std::unique_ptr<proto::ProxyDialogue> dialogue;  // null: no proxy
  };

  std::string host;  // of the server: name or address, without brackets
  std::uint16_t port = 0;
  std::string unix_socket;  // in their place, unless empty; then there is no proxy either
  Proxy proxy;
  std::string bind_address;  // empty: the kernel's choice; a Unix socket has none
  bool tcp_no_delay = true;
  /// For all of it: the wait for a permit, the name, every attempt, and what the proxy has to say.
  std::chrono::milliseconds timeout{10'000};
};

/// What a Connector came to.
struct ConnectResult {
  Descriptor socket;  // connected, non-blocking, registered nowhere
  PeerAddress peer;   // where the socket leads: to the proxy, if there is one
  /// Held until the opening handshake is done or has failed; a Unix socket needs none.
  HandshakePermit permit;
  /// If not empty there is no connection: `cannot connect to example.org:80: 192.0.2.1: Connection refused`.
  std::string error;
};

/// Connects a socket, as fast as one of the server's addresses allows (Happy Eyeballs, RFC 8305): one address after the
/// other, the next one beside those under way after 250 ms, or as soon as one has failed. An attempt first waits for
/// the gate's permit for its address, which stops neither those 250 ms nor the timeout; with a proxy there is one
/// permit, for the server's host and port, before anything else.
///
/// On the reactor's thread. Destroyed before reactor, resolver and gate; that ends all attempts, and nobody is called.
class Connector {
 public:
  /// Must not throw; may destroy the Connector.
  using Done = Callback<void(ConnectResult)>;

  /// Starts. Calls `done` once, from the reactor and never before this has returned. Throws std::bad_alloc.
  Connector(core::Reactor& reactor, Resolver& resolver, HandshakeGate& gate, ConnectPlan plan, Done done);
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

 private:
  core::Reactor& reactor_;
  core::Token race_;
};

}  // namespace mote::net
