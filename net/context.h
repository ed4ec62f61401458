#pragma once

#include <cstddef>
#include <span>

#include <mote/options.h>

#include "core/reactor.h"
#include "net/dispatcher.h"
#include "net/http_service.h"
#include "net/output.h"
#include "proto/deflate_pool.h"

namespace mote::net {

/// Is told of its sessions' lives.
class SessionOwner {
 public:
  virtual void session_opened() = 0;  ///< A WebSocket connection opened,
  virtual void session_closed() = 0;  ///< and has had its `on_close`.
  virtual void session_gone() = 0;    ///< A session of any kind has left; its descriptor is closed at the turn's end.

 protected:
  ~SessionOwner() = default;
};

/// What the sessions of one reactor share; outlives them.
struct Context {
  core::Reactor& reactor;
  std::span<std::byte> receive_buffer;
  OutputBatch& batch;
  proto::DeflatePool& deflate;
  Dispatcher& dispatcher;
  HttpService& http;
  const Options& options;
  SessionOwner& owner;
};

}  // namespace mote::net
