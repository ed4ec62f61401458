#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include <mote/client_options.h>

#include "net/handshake_gate.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/tls_context.h"
#include "proto/deflate_pool.h"

namespace mote::net {

class Dialer;

/// What the connections of one Client share.
class ClientHub {
 public:
  explicit ClientHub(Loop& on_loop) : loop(on_loop), resolver(on_loop.reactor) {}
  virtual ~ClientHub() = default;
  ClientHub(const ClientHub&) = delete;
  ClientHub& operator=(const ClientHub&) = delete;

  HandshakeGate& gate(std::size_t limit);
  /// Loading the system's authorities takes milliseconds and a megabyte: connections with equal options share them, for
  /// as long as there are any. Throws as TlsContext::for_client does.
  std::shared_ptr<const TlsContext> tls(const ClientTlsOptions& options);
  std::shared_ptr<proto::DeflatePool> deflate(const Compression& settings);

  /// A dialer is done; it is destroyed at the turn's end.
  virtual void dialer_gone(Dialer& dialer) = 0;

  Loop& loop;
  Resolver resolver;
  std::atomic<std::size_t> open_connections{0};

 private:
  struct Pool {
    Pool(const Compression& with, core::BlockCache& blocks) : settings(with), pool(settings, &blocks) {}
    const Compression settings;
    proto::DeflatePool pool;
  };
  struct Tls {
    ClientTlsOptions options;
    std::weak_ptr<const TlsContext> context;
  };

  std::map<std::size_t, HandshakeGate> gates_;  // by limit
  std::vector<std::shared_ptr<Pool>> pools_;
  std::vector<Tls> tls_;
};

}  // namespace mote::net
