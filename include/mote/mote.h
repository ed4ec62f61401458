#pragma once

/// \file
/// Everything of mote: a WebSocket library for Linux, server and client (RFC 6455).
///
///     mote::Server server("ws://0.0.0.0:8181");
///     server.start([](mote::Connection& socket) {
///       socket.on_message([&](std::string_view text) { socket.send(text); });
///     });
///     server.run();
///
/// Start reading at server.h, then connection.h; options.h lists every limit with its default. Clients: client.h, and
/// client_socket.h for programs that wait rather than be called back.

#include <mote/callback.h>
#include <mote/client.h>
#include <mote/client_options.h>
#include <mote/client_socket.h>
#include <mote/close.h>
#include <mote/compression.h>
#include <mote/connection.h>
#include <mote/connection_info.h>
#include <mote/error.h>
#include <mote/handle.h>
#include <mote/handlers.h>
#include <mote/headers.h>
#include <mote/http.h>
#include <mote/log.h>
#include <mote/options.h>
#include <mote/prepared_message.h>
#include <mote/send_status.h>
#include <mote/server.h>
#include <mote/tls.h>
