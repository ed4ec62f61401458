#pragma once

#include <mote/client_options.h>
#include <mote/options.h>

namespace mote::net {

/// The same options, with kNever for times of ages (net/timer.h); throws std::invalid_argument naming the first that
/// makes no sense.
Options checked(Options options);

ClientOptions checked(ClientOptions options);

/// What a session is to know of a client's options.
Options session_options(const ClientOptions& options);

}  // namespace mote::net
