#pragma once

#include <mote/options.h>

namespace mote::net {

/// The same options, with kNever for times of ages (net/timer.h); throws std::invalid_argument naming the first that
/// makes no sense.
Options checked(Options options);

}  // namespace mote::net
