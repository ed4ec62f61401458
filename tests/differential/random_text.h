#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tests/differential/random.h"

namespace mote::differential {

/// About `bytes` of text. Mostly UTF-8; sometimes with a sequence in it that RFC 3629 forbids, or cut inside of one.
[[nodiscard]] std::string random_text(Random& random, std::size_t bytes);

/// Whether it is UTF-8 by RFC 3629 §3, found out the slow way.
[[nodiscard]] bool is_utf8(std::string_view text);

/// Whether some text begins so.
[[nodiscard]] bool begins_utf8(std::string_view text);

}  // namespace mote::differential
