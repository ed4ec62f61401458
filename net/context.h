#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include <mote/close.h>
#include <mote/options.h>

#include "core/reactor.h"
#include "net/dispatcher.h"
#include "net/loop.h"
#include "net/output.h"
#include "proto/deflate_pool.h"
#include "proto/frame.h"
#include "proto/message_reader.h"

namespace mote::net {

class Evidence;
class Session;

/// Is told of its sessions' lives.
class SessionOwner {
 public:
  virtual void session_opened() = 0;  ///< A WebSocket connection opened.
  /// The user was told the end of one that was made known. `by`: `local`, too, where the user's Close was not answered.
  virtual void session_closed(EndedBy by) = 0;
  /// A session of any kind has left; its descriptor is closed at the turn's end.
  virtual void session_gone(const Session& session) = 0;

 protected:
  ~SessionOwner() = default;
};

/// What sessions of one kind share; outlives them.
struct Context {
  Context(Loop& on_loop, proto::Role as_role, proto::DeflatePool& pool, Dispatcher& calls, const Options& with_options,
          SessionOwner& told)
      : role(as_role),
        reactor(on_loop.reactor),
        receive_buffer(on_loop.receive_buffer()),
        first_room(receive_buffer.first(std::min(receive_buffer.size(), with_options.turn_bytes))),
        batch(on_loop.batch),
        loop(on_loop),
        deflate(pool),
        dispatcher(calls),
        options(with_options),
        plain_rules{.message_bytes = with_options.max_message_bytes,
                    .fragments = with_options.max_fragments,
                    .blocks = &on_loop.blocks},
        owner(told) {}

  const proto::Role role;
  core::Reactor& reactor;
  const std::span<std::byte> receive_buffer;
  const std::span<std::byte> first_room;  // what a turn's first read may fill of it
  OutputBatch& batch;
  Loop& loop;
  proto::DeflatePool& deflate;
  Dispatcher& dispatcher;
  const Options& options;
  const proto::MessageRules plain_rules;  // of connections without permessage-deflate
  SessionOwner& owner;
  Evidence* evidence = nullptr;  // of a server that keeps any
};

}  // namespace mote::net
