#pragma once

#include <optional>

#include <mote/headers.h>
#include <mote/options.h>

#include "net/address_ledger.h"
#include "net/socket.h"
#include "proto/forwarded_for.h"
#include "proto/refusal.h"

namespace mote::net {

/// Who a client is, where proxies stand between, and whether its address may have one more connection.
class Admission {
 public:
  struct Entry {
    std::optional<proto::Fault> fault;  ///< It is to be refused for that,
    bool dropped = false;               ///< or, for a connection that has asked nothing yet, without an answer.
    AddressLedger::Place place;
  };

  /// Throws std::invalid_argument for trusted_proxies that are none.
  explicit Admission(const Options& options);

  [[nodiscard]] bool trusts(const PeerAddress& peer) const { return trusted_.contains(peer.address()); }
  /// A connection from there. The trusted proxies' own count for nobody.
  [[nodiscard]] Entry enter(const PeerAddress& peer);
  void leave(const PeerAddress& peer) { ledger_.leave(peer.address()); }
  /// Whom a trusted proxy sent that request for; none where `peer` is no such proxy, or does not say.
  [[nodiscard]] std::optional<PeerAddress> client_of(Headers headers, const PeerAddress& peer) const;

 private:
  const proto::TrustedProxies trusted_;
  AddressLedger ledger_;
};

}  // namespace mote::net
