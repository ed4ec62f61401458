#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <mote/handlers.h>

#include "net/dispatcher.h"
#include "net/session.h"
#include "proto/frame.h"

// How the dispatcher calls, and what it does for each message: inline, since that is a good part of what a small one
// costs. Only dispatcher.cc and session.cc include this.
namespace mote::net {
namespace detail {

/// Inside a handler of exceptions: ends the connection whose callback threw that one.
[[gnu::cold]] void report_thrown(Session& session);

template <class Call>
[[gnu::always_inline]] inline void guarded_for(Session& session, Call&& call) {
  try {
    call();
  } catch (...) {
    report_thrown(session);
  }
}

/// The connection's own callback where it has one, else the shared one.
template <auto own_member, auto shared_member, class... Arguments>
[[gnu::always_inline]] inline void call_one(Session& session, const Handlers& shared, const Arguments&... arguments) {
  if (const OwnHandlers* own = session.own_handlers(); own != nullptr && own->*own_member) {
    (own->*own_member)(arguments...);
  } else if (shared.*shared_member) {
    (shared.*shared_member)(session, arguments...);
  }
}

}  // namespace detail

[[gnu::always_inline]] inline void Dispatcher::data(Session& session, proto::Opcode opcode,
                                                    std::span<const std::byte> payload) {
  detail::guarded_for(session, [&] {
    if (opcode == proto::Opcode::text) {
      const std::string_view view(reinterpret_cast<const char*>(payload.data()), payload.size());
      detail::call_one<&OwnHandlers::on_message, &Handlers::on_message>(session, shared, view);
    } else {
      detail::call_one<&OwnHandlers::on_binary, &Handlers::on_binary>(session, shared, payload);
    }
  });
}

}  // namespace mote::net
