#include "net/client_hub.h"

#include <algorithm>

#include "net/dispatcher.h"

namespace mote::net {
namespace {

/// A hook cannot be compared, and the name is asked for by each connection.
bool same(const ClientTlsOptions& a, const ClientTlsOptions& b) {
  return !a.verify && !b.verify && a.ca_file == b.ca_file && a.ca_pem == b.ca_pem && a.certificate == b.certificate &&
         a.min_version == b.min_version;
}

}  // namespace

HandshakeGate& ClientHub::gate(std::size_t limit) {
  return gates_.try_emplace(limit, loop.reactor, limit).first->second;
}

std::shared_ptr<const TlsContext> ClientHub::tls(const ClientTlsOptions& options) {
  if (options.verify) {
    return TlsContext::for_client(
        options, [hook = options.verify](const auto& certificate) { return Dispatcher::accepts(hook, certificate); });
  }
  std::erase_if(tls_, [](const Tls& tls) { return tls.context.expired(); });
  const auto known = std::ranges::find_if(tls_, [&](const Tls& tls) { return same(tls.options, options); });
  if (known != tls_.end()) return known->context.lock();
  auto context = TlsContext::for_client(options, {});
  tls_.push_back({options, context});
  return context;
}

std::shared_ptr<proto::DeflatePool> ClientHub::deflate(const Compression& settings) {
  const auto known = std::ranges::find_if(pools_, [&](const auto& pool) { return pool->settings == settings; });
  const auto pool = known != pools_.end() ? *known : pools_.emplace_back(std::make_shared<Pool>(settings, loop.blocks));
  return {pool, &pool->pool};
}

}  // namespace mote::net
