#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/frame.h"
#include "proto/violation.h"

namespace mote::differential {

/// What a slow look at the headers of a stream says, apart from both parsers: it walks from header to header and asks
/// of each every rule of RFC 6455 §5 that a header alone can break.
struct HeaderFacts {
  std::vector<proto::Violation> broken;  ///< By the first header that breaks any: all that it breaks.
  std::uint32_t most_fragments = 0;      ///< Of one message, before that header.
  std::optional<std::string> close;      ///< The payload of a Close frame that comes before it, unmasked.
};

[[nodiscard]] HeaderFacts look_at_headers(proto::Role reader, std::string_view stream);

}  // namespace mote::differential
