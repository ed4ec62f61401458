#pragma once

#include <mote/server.h>

namespace mote::net {

/// The event loop of a server, for a client on it.
Loop& loop_of(Server& server);

}  // namespace mote::net
