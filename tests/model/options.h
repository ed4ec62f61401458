#pragma once

#include <chrono>

#include <mote/options.h>

#include "tests/differential/random.h"

namespace mote::model {

/// Of a client.
inline constexpr std::chrono::milliseconds kConnectTimeout{3'000};

/// The limits of a play, all of them within its reach.
Options random_options(differential::Random& random);

}  // namespace mote::model
