#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mote::differential {

/// What DEFLATE data (RFC 1951) says, found out bit by bit and without zlib.
struct Inflated {
  std::string bytes;             ///< What came out, up to where it ended, was wrong, or was more than was asked for.
  bool wrong = false;            ///< No further bits could mend it.
  bool too_far = false;          ///< That is a reference before the history.
  bool ends_as_asked = false;    ///< In the header of a stored block, whose lengths were cut off (RFC 7692 §7.2.1).
  bool has_final_block = false;  ///< Also one that is not complete.
  std::size_t farthest = 0;      ///< Distance of the farthest reference.
};

/// `history`: what references may reach before the first byte. Stops after `most_bytes`.
[[nodiscard]] Inflated inflate_slowly(std::string_view data, std::string_view history, std::size_t most_bytes);

}  // namespace mote::differential
