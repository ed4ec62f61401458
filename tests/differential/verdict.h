#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tests/differential/beast_reader.h"
#include "tests/differential/test_case.h"
#include "tests/support/frame_stream.h"

namespace mote::differential {

enum class Agreement : std::uint8_t {
  both_accept,         ///< All that came so far, with the same events; closed or not.
  both_reject,         ///< After the same events, and for the same reason.
  only_mote_rejects,   ///< Or does so earlier: a listed strictness.
  only_beast_rejects,  ///< Or does so earlier: a listed limitation of Beast.
  unexplained,
};

struct Verdict {
  Agreement agreement = Agreement::unexplained;
  std::string reason;  ///< What both accepted, the pair of reasons, the name of a Difference, or what is unexplained.
};

/// Why the two may judge a stream differently.
struct Difference {
  std::string_view name;
  std::string_view section;  ///< Of the RFC that it is about.
  std::string_view why;
};

[[nodiscard]] Verdict judge(const TestCase& test, const test::Outcome& mote, const BeastOutcome& beast);

/// Whether a compressed message refers farther back than was agreed on. zlib and Beast's inflater see that where the
/// bytes are no longer at hand, which depends on how the message arrives: then it is refused, else it is taken.
[[nodiscard]] bool refers_beyond_window(const TestCase& test);

/// By its name. Throws std::out_of_range where there is none.
[[nodiscard]] const Difference& difference(std::string_view name);

}  // namespace mote::differential
