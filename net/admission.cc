#include "net/admission.h"

#include <chrono>
#include <utility>

namespace mote::net {
namespace {

using Clock = std::chrono::steady_clock;

std::optional<proto::Fault> fault_of(AddressLedger::Verdict verdict) {
  switch (verdict) {
    case AddressLedger::Verdict::admitted:
      return std::nullopt;
    case AddressLedger::Verdict::too_many_handshakes:
      return proto::Fault::too_many_handshakes;
    default:
      return proto::Fault::too_many_connections;
  }
}

}  // namespace

Admission::Admission(const Options& options)
    : trusted_(options.trusted_proxies),
      ledger_({options.max_connections_per_address, options.max_handshakes_per_address}) {}

Admission::Entry Admission::enter(const PeerAddress& peer) {
  if (!trusted_.empty() && trusts(peer)) return {};
  if (!ledger_.limits_anything()) return {};
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
  auto [verdict, place] = ledger_.enter(peer.address(), now);
  return {fault_of(verdict), verdict == AddressLedger::Verdict::drop, std::move(place)};
}

std::optional<PeerAddress> Admission::client_of(Headers headers, const PeerAddress& peer) const {
  if (trusted_.empty() || !trusts(peer)) return std::nullopt;
  const auto client = proto::forwarded_for(headers, trusted_);
  if (!client) return std::nullopt;
  return PeerAddress(*client);
}

}  // namespace mote::net
