#pragma once

#include <mote/options.h>

#include "tests/differential/random.h"

namespace mote::model {

/// The limits of a play, all of them within its reach.
Options random_options(differential::Random& random);

}  // namespace mote::model
