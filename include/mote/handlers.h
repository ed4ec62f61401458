#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <mote/callback.h>

namespace mote {

class Connection;
class Error;
struct CloseInfo;

/// One table of callbacks for every connection of a server: no memory and no work per connection.
///
///     server.start({.on_message = [](mote::Connection& socket, std::string_view text) { socket.send(text); }});
///
/// The callbacks are those of Connection, which documents them, with the connection as first argument.
struct Handlers {
  Callback<void(Connection&)> on_open = {};
  Callback<void(Connection&, std::string_view)> on_message = {};
  Callback<void(Connection&, std::span<const std::byte>)> on_binary = {};
  Callback<void(Connection&, std::span<const std::byte>)> on_ping = {};
  Callback<void(Connection&, std::span<const std::byte>)> on_pong = {};
  Callback<void(Connection&)> on_drain = {};
  Callback<void(Connection&, const Error&)> on_error = {};
  Callback<void(Connection&, const CloseInfo&)> on_close = {};
};

}  // namespace mote
