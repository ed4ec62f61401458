#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

#include "core/reactor.h"
#include "net/socket.h"
#include "proto/proxy_header.h"

namespace mote::net {

/// Takes the connections whose PROXY header was read.
class ProxyEntryOwner {
 public:
  /// From the reactor, once. `left`: of the time for the opening handshake.
  virtual void proxied(Descriptor socket, const PeerAddress& client, std::chrono::milliseconds left) = 0;
  /// From the reactor, once, in any case, and behind `proxied`.
  virtual void entry_gone() = 0;

 protected:
  ~ProxyEntryOwner() = default;
};

/// A connection that a trusted proxy has opened, until its PROXY header has come: TLS, or HTTP, is behind that. Takes
/// not one byte more from the socket.
class ProxyEntry final : public core::Source {
 public:
  /// `timeout`: for the whole opening handshake, Options::kNever included. The owner outlives it.
  ProxyEntry(core::Reactor& reactor, ProxyEntryOwner& owner, Descriptor socket, const PeerAddress& proxy,
             std::chrono::milliseconds timeout);

  /// Right after it was added to the reactor.
  void start();

 private:
  void on_events(std::uint32_t events) override;
  void on_timer() override;
  void on_announcement(core::Announcement announcement) override {
    if (announcement != core::Announcement::weigh) end();
  }

  template <class Call>
  void guarded(Call&& call);
  bool read_some();
  void hand_over();
  void refuse(std::string_view why);
  void end();

  core::Reactor& reactor_;
  ProxyEntryOwner& owner_;
  Descriptor socket_;
  const PeerAddress proxy_;
  const std::chrono::milliseconds timeout_;
  std::chrono::milliseconds started_{0};
  proto::ProxyHeader header_;
  bool over_ = false;
};

}  // namespace mote::net
